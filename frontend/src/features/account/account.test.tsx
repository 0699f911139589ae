import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { CombinedError } from 'urql';
import { beforeEach, expect, it, vi } from 'vitest';
import type {
  AccountQuery, ChangeEmailMutation, ChangePasswordMutation, ConfirmTotpMutation, DeleteAccountMutation, DisableTotpMutation, EnrolTotpMutation, NewRecoveryCodesMutation,
  AddPasskeyMutation, BeginPasskeyRegistrationMutation, LinkIdentityMutation, RemovePasskeyMutation, RevokeOtherSessionsMutation, RevokeSessionMutation, SecurityEventsQuery, SendVerificationMutation, SessionPartsFragment, ViewerQuery,
} from '../../graphql/graphql.ts';
import { leave } from '../../shared/leave.ts';
import { hasPasskeys, makePasskey } from '../../shared/passkey.ts';
import { type Answers, show } from '../../shared/testing/render.tsx';
import { ViewerProvider } from '../../shared/viewer.tsx';
import { Account, type Owner } from './account.tsx';

vi.mock('../../shared/leave.ts', () => ({ leave: vi.fn<typeof leave>() }));
vi.mock('../../shared/passkey.ts', () => ({ hasPasskeys: vi.fn<typeof hasPasskeys>(() => true), makePasskey: vi.fn<typeof makePasskey>() }));
const copied = vi.fn<(text: string) => Promise<void>>(() => Promise.resolve());
Object.defineProperty(navigator, 'clipboard', { value: { writeText: copied } });
beforeEach(() => {
  vi.mocked(leave).mockClear();
  copied.mockClear();
});

const email = 'tom@example.com';
const viewer: NonNullable<ViewerQuery['viewer']> = {
  id: 'usr_1', displayName: 'Tom', email, roles: ['USER'], status: 'ACTIVE', emailVerifiedAt: null,
  wallet: { id: 'wal_1', available: '12.5', held: '0', owed: '0', vesting: '0' },
};
const session = (id: string, more: Partial<SessionPartsFragment> = {}): SessionPartsFragment => ({
  id, method: 'PASSWORD', secondFactor: false, ip: '192.0.2.7', userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  createdAt: '2026-01-02T03:04:05Z', lastSeenAt: '2026-01-02T03:04:05Z', current: false, ...more,
});
const someone: Owner = {
  id: 'usr_1', displayName: 'Tom', email, emailVerifiedAt: null, createdAt: '2026-01-02T03:04:05Z', hasPassword: true, secondFactor: { since: null, recoveryCodesLeft: 0 },
  sessions: [session('ses_1', { current: true })], passkeys: [], identities: [],
};
const factor = { id: 'usr_1', secondFactor: { since: '2026-01-02T03:04:05Z', recoveryCodesLeft: 9 } };

const events = (count: number): SecurityEventsQuery => ({
  auditLog: {
    totalCount: 30,
    edges: Array.from({ length: count }, (_, i) => ({
      node: { id: `aud_${i}`, at: '2026-01-02T03:04:05Z', action: 'user.signIn', actor: { id: 'usr_1', displayName: 'Tom' }, ip: '192.0.2.7', userAgent: null },
    })),
  },
});

const refusal = (code: string, more: Record<string, unknown> = {}) =>
  new CombinedError({ graphQLErrors: [{ message: code, extensions: { code, ...more } }] });

const methods: AccountQuery['signInMethods'] = { passkeys: true, oidc: { name: 'Corp' } };

async function open(owner: Partial<Owner> = {}, answers: Answers = {}) {
  const account: AccountQuery = { viewer: { ...someone, ...owner }, signInMethods: methods };
  show(
    <ViewerProvider viewer={viewer}>
      <Account />
    </ViewerProvider>,
    { answers: { Viewer: (): ViewerQuery => ({ viewer }), WalletChanged: () => undefined, Account: () => account, SecurityEvents: () => events(0), ...answers } },
  );
  await screen.findByRole('heading', { name: 'Profile' });
}
const section = (name: string) => within(screen.getByRole('region', { name }));
const type = async (label: RegExp, value: string) => fireEvent.change(await screen.findByLabelText(label), { target: { value } });
const press = (name: string | RegExp) => fireEvent.click(screen.getByRole('button', { name }));

it('waits with skeletons', async () => {
  show(<Account />, { answers: { Account: () => undefined } });
  expect(await screen.findByRole('status', { name: 'Loading' })).toBeDefined();
});

it('offers to try again where nothing came', async () => {
  show(<Account />, { answers: { Account: () => new Error('no network') } });
  expect(await screen.findByRole('button', { name: 'Try again' })).toBeDefined();
});

it('sends the link that confirms the e-mail again', async () => {
  const sent: SendVerificationMutation = { sendVerification: true };
  await open({}, { SendVerification: () => sent });
  expect(section('Profile').getByText('Not confirmed')).toBeDefined();
  press('Send it again');
  expect(await screen.findByText(/A new link is on its way to tom@example.com/u)).toBeDefined();
});

it.each([
  ['new@example.com', /Your e-mail is new@example.com now/u],
  [email, /A link is on its way to new@example.com/u],
])('changes the e-mail, which is then %s', async (now, words) => {
  const changed: ChangeEmailMutation = { changeEmail: { id: 'usr_1', email: now, emailVerifiedAt: null } };
  await open({}, { ChangeEmail: () => changed });
  press('Change e-mail');
  await type(/^New e-mail/u, 'new@example.com');
  press('Save');
  expect(await screen.findByText(words)).toBeDefined();
});

it('says that an e-mail is another’s', async () => {
  await open({}, { ChangeEmail: () => refusal('CONFLICT') });
  press('Change e-mail');
  await type(/^New e-mail/u, 'bob@example.com');
  press('Save');
  expect(await screen.findByText('Another account has this e-mail.')).toBeDefined();
});

it('changes the password of who knows it', async () => {
  const changed: ChangePasswordMutation = { changePassword: { viewer: { id: 'usr_1', hasPassword: true, sessions: someone.sessions } } };
  let error: CombinedError | undefined = refusal('UNAUTHENTICATED');
  await open({}, { ChangePassword: () => error ?? changed });
  press('Change password');
  await type(/^Present password/u, 'wrong');
  await type(/^New password/u, 'another password');
  press('Change password');
  expect(await screen.findByText('This is not your password.')).toBeDefined();
  error = refusal('BAD_USER_INPUT', { field: 'newPassword' });
  press('Change password');
  expect(await screen.findByText('This is the password that you have.')).toBeDefined();
  error = undefined;
  press('Change password');
  expect(await screen.findByText(/Your password is changed/u)).toBeDefined();
});

it('gives a password to who has none', async () => {
  const given: unknown[] = [];
  const changed: ChangePasswordMutation = { changePassword: { viewer: { id: 'usr_1', hasPassword: true, sessions: [] } } };
  await open(
    { hasPassword: false },
    {
      ChangePassword: (variables) => {
        given.push(variables);
        return changed;
      },
    },
  );
  press('Set a password');
  expect(screen.queryByLabelText(/^Present password/u)).toBeNull();
  await type(/^New password/u, 'a first password');
  press('Set a password');
  await waitFor(() => expect(given).toEqual([{ password: null, newPassword: 'a first password' }]));
});

it('sets up two-step verification, and shows the recovery codes once', async () => {
  const enrolment: EnrolTotpMutation = { enrolTotp: { secret: 'ABCDEFGHIJKLMNOP', uri: 'otpauth://totp/Resource%20Pool:tom@example.com?secret=ABCDEFGHIJKLMNOP' } };
  const confirmed: ConfirmTotpMutation = { confirmTotp: { recoveryCodes: ['aaaa-bbbb-cccc', 'dddd-eeee-ffff'], viewer: factor } };
  await open({}, { EnrolTotp: () => enrolment, ConfirmTotp: ({ code }) => (code === '123456' ? confirmed : refusal('BAD_USER_INPUT', { field: 'code' })) });
  press('Set it up');
  expect(await screen.findByRole('img', { name: 'QR code for an authenticator app' })).toBeDefined();
  expect(screen.getByText('ABCD EFGH IJKL MNOP')).toBeDefined();
  await type(/^Code that/u, '000000');
  press('Turn it on');
  expect(await screen.findByText(/This is not the code of now/u)).toBeDefined();
  await type(/^Code that/u, '123456');
  press('Turn it on');
  const codes = await screen.findByRole('list', { name: 'Your recovery codes' });
  expect(within(codes).getAllByRole('listitem').map((item) => item.textContent)).toEqual(confirmed.confirmTotp.recoveryCodes);
  press('Copy');
  await waitFor(() => expect(copied).toHaveBeenCalledWith('aaaa-bbbb-cccc\ndddd-eeee-ffff'));
  press('I have kept them');
  expect(screen.queryByText('aaaa-bbbb-cccc')).toBeNull();
});

it('renews the recovery codes, and turns two-step verification off', async () => {
  const renewed: NewRecoveryCodesMutation = { recoveryCodes: { recoveryCodes: ['gggg-hhhh-iiii'], viewer: factor } };
  const off: DisableTotpMutation = { disableTotp: { id: 'usr_1', secondFactor: { since: null, recoveryCodesLeft: 0 } } };
  await open(factor, { NewRecoveryCodes: () => renewed, DisableTotp: ({ code }) => (code === '123456' ? off : refusal('UNAUTHENTICATED')) });
  expect(screen.getByText('9 recovery codes left')).toBeDefined();
  press('New recovery codes');
  expect(await screen.findByText('gggg-hhhh-iiii')).toBeDefined();
  press('I have kept them');
  press('Turn it off');
  await type(/^Code/u, '000000');
  press('Turn it off');
  expect(await screen.findByText(/This code is wrong/u)).toBeDefined();
  await type(/^Code/u, '123456');
  press('Turn it off');
  await waitFor(() => expect(screen.queryByLabelText(/^Code/u)).toBeNull());
});

it('ends a session, and all others', async () => {
  const ended: string[] = [];
  const one: RevokeSessionMutation = { revokeSession: true };
  const others: RevokeOtherSessionsMutation = { revokeOtherSessions: 2 };
  await open(
    { sessions: [session('ses_1', { current: true }), session('ses_2', { userAgent: '', secondFactor: true })] },
    {
      RevokeSession: ({ id }) => {
        ended.push(String(id));
        return one;
      },
      RevokeOtherSessions: () => others,
    },
  );
  const sessions = section('Sessions');
  expect(sessions.getByText('This one')).toBeDefined();
  expect(sessions.getAllByText(/192.0.2.7/u)).toHaveLength(2);
  fireEvent.click(sessions.getByRole('button', { name: 'End the session on Unknown device' }));
  await waitFor(() => expect(ended).toEqual(['ses_2']));
  await waitFor(() => expect(sessions.getByRole('button', { name: 'End all others' }).hasAttribute('disabled')).toBe(false));
  fireEvent.click(sessions.getByRole('button', { name: 'End all others' }));
  expect(await screen.findByText('2 other sessions have ended.')).toBeDefined();
});

it('deletes the account of who types its e-mail', async () => {
  const gone: DeleteAccountMutation = { deleteAccount: true };
  let error: CombinedError | undefined = refusal('CONFLICT');
  await open({}, { DeleteAccount: () => error ?? gone });
  expect(screen.getByText(/You would give up 12.50 Credits/u)).toBeDefined();
  press('Delete account');
  const confirm = screen.getByRole('button', { name: 'Delete my account' });
  expect(confirm.hasAttribute('disabled')).toBe(true);
  await type(/^Type tom@example.com/u, ' Tom@Example.com ');
  fireEvent.click(confirm);
  expect((await screen.findByRole('link', { name: 'Go to my keys' })).getAttribute('href')).toBe('/keys');
  expect(leave).not.toHaveBeenCalled();
  error = undefined;
  fireEvent.click(confirm);
  await waitFor(() => expect(leave).toHaveBeenCalledWith('/'));
});

it('adds a passkey of the device, and takes one away', async () => {
  const passkey = { id: 'psk_1', name: 'My laptop', createdAt: '2026-01-02T03:04:05Z', lastUsedAt: null };
  const begun: BeginPasskeyRegistrationMutation = { beginPasskeyRegistration: { id: 'cer_1', options: '{"challenge":"x"}' } };
  const added: AddPasskeyMutation = { addPasskey: passkey };
  const removed: RemovePasskeyMutation = { removePasskey: true };
  const given: unknown[] = [];
  const keep = (answer: unknown) => (variables: unknown) => {
    given.push(variables);
    return answer;
  };
  await open({ passkeys: [passkey] }, { BeginPasskeyRegistration: () => begun, AddPasskey: keep(added), RemovePasskey: keep(removed) });
  const passkeys = section('Passkeys');
  expect(passkeys.getByText(/never used/u)).toBeDefined();
  press('Add a passkey');
  await type(/^Name/u, 'My phone');
  vi.mocked(makePasskey).mockResolvedValueOnce(undefined).mockResolvedValueOnce('{"id":"y"}');
  press('Add a passkey');
  expect(await screen.findByText(/Nothing was added/u)).toBeDefined();
  press('Add a passkey');
  await waitFor(() => expect(given).toEqual([{ input: { ceremonyId: 'cer_1', credential: '{"id":"y"}', name: 'My phone' } }]));
  press('Remove My laptop');
  await waitFor(() => expect(given[1]).toEqual({ id: 'psk_1' }));
});

it('keeps the only way to sign in', async () => {
  const passkey = { id: 'psk_1', name: 'My laptop', createdAt: '2026-01-02T03:04:05Z', lastUsedAt: null };
  await open({ hasPassword: false, passkeys: [passkey] }, { RemovePasskey: () => refusal('CONFLICT') });
  press('Remove My laptop');
  expect(await screen.findByText(/Nothing else signs you in/u)).toBeDefined();
});

it('links a single sign-on, and unlinks it', async () => {
  const begun: LinkIdentityMutation = { linkIdentity: { url: '/auth/oidc/start?link=cer_1' } };
  await open({}, { LinkIdentity: () => begun });
  press('Link Corp');
  await waitFor(() => expect(leave).toHaveBeenCalledWith('/auth/oidc/start?link=cer_1'));
});

it('shows what was done to the account, and by whom', async () => {
  const [first] = events(1).auditLog.edges;
  const someEvents = first === undefined ? [] : [first, { node: { ...first.node, id: 'aud_a', action: 'user.status', actor: { id: 'usr_9', displayName: 'Admin' }, ip: null } }, { node: { ...first.node, id: 'aud_b', action: 'user.newer', actor: null, ip: null } }];
  await open({}, { SecurityEvents: ({ first: asked }) => (asked === 5 ? { auditLog: { totalCount: 30, edges: someEvents } } : events(25)) });
  const log = section('Security events');
  expect(log.getByText('Signed in')).toBeDefined();
  expect(log.getByText('by Admin')).toBeDefined();
  expect(log.getByText('user.newer')).toBeDefined();
  fireEvent.click(log.getByRole('button', { name: 'Show more' }));
  await waitFor(() => expect(log.getAllByText('Signed in')).toHaveLength(25));
});
