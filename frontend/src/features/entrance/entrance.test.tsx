import { fireEvent, screen, waitFor } from '@testing-library/react';
import { CombinedError } from 'urql';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { RequestPasswordResetMutation, ResetPasswordMutation, SignInMethodsQuery, SignInMutation, SignInWithPasskeyMutation, SignUpMutation, VerifyEmailMutation } from '../../graphql/graphql.ts';
import { leave } from '../../shared/leave.ts';
import type { PasskeyAnswer } from '../../shared/passkey.ts';
import { show } from '../../shared/testing/render.tsx';
import { ForgotPassword } from './forgot-password.tsx';
import { ResetPassword } from './reset-password.tsx';
import { SignIn } from './sign-in.tsx';
import { SignUp } from './sign-up.tsx';
import { VerifyEmail } from './verify-email.tsx';

vi.mock('../../shared/leave.ts', () => ({ leave: vi.fn<typeof leave>() }));
beforeEach(() => {
  vi.mocked(leave).mockClear();
});

const asked = vi.fn<() => Promise<PasskeyAnswer | CombinedError | undefined>>();
vi.mock('../../shared/passkey.ts', () => ({ hasPasskeys: () => true, useAskPasskey: () => asked }));

const ways: SignInMethodsQuery['signInMethods'] = { signUp: 'OPEN', password: true, passkeys: true, oidc: { name: 'Corp', url: '/auth/oidc/start' } };
const offers = (some: Partial<typeof ways> = {}) => ({ SignInMethods: (): SignInMethodsQuery => ({ signInMethods: { ...ways, ...some } }) });

const refusal = (code: string, more: Record<string, unknown> = {}) =>
  new CombinedError({ graphQLErrors: [{ message: code, extensions: { code, ...more } }] });
const type = async (label: RegExp, value: string) => fireEvent.change(await screen.findByLabelText(label), { target: { value } });
const press = (name: string) => fireEvent.click(screen.getByRole('button', { name }));

const enterAs = async () => {
  await type(/^E-mail/u, 'tom@example.com');
  await type(/^Password/u, 'a password of mine');
  press('Sign in');
};
const open = async () => {
  await type(/^Name/u, 'Tom');
  await type(/^Password/u, 'a password of mine');
  press('Open an account');
};

describe('signing in', () => {
  const signedIn: SignInMutation = { signIn: { viewer: { id: 'usr_1' } } };

  it('leads to where somebody wanted to go', async () => {
    show(<SignIn next="/keys" />, { answers: { ...offers(), SignIn: () => signedIn } });
    await enterAs();
    await waitFor(() => expect(leave).toHaveBeenCalledWith('/keys'));
  });

  it('never leads to another host', async () => {
    show(<SignIn next="//evil.example" />, { answers: { ...offers(), SignIn: () => signedIn } });
    await enterAs();
    await waitFor(() => expect(leave).toHaveBeenCalledWith('/home'));
  });

  it('asks for a code where there is a second factor', async () => {
    const codes: unknown[] = [];
    const SignInAnswer = ({ input }: Readonly<Record<string, unknown>>) => {
      const { code } = input as { code: string | null };
      codes.push(code);
      return code === null ? refusal('SECOND_FACTOR_REQUIRED') : code === '123456' ? signedIn : refusal('UNAUTHENTICATED');
    };
    show(<SignIn />, { answers: { ...offers(), SignIn: SignInAnswer } });
    await enterAs();
    await type(/^Code/u, '000000');
    press('Sign in');
    expect(await screen.findByText(/This code is wrong/u)).toBeDefined();
    await type(/^Code/u, '123456');
    press('Sign in');
    await waitFor(() => expect(leave).toHaveBeenCalledWith('/home'));
    expect(codes).toEqual([null, '000000', '123456']);
  });

  it('says that it was wrong, and how long to wait', async () => {
    let error = refusal('UNAUTHENTICATED');
    show(<SignIn />, { answers: { ...offers(), SignIn: () => error } });
    await enterAs();
    expect((await screen.findByRole('alert')).textContent).toBe('Wrong e-mail or password.');
    error = refusal('RATE_LIMITED', { retryAfterSeconds: 42 });
    press('Sign in');
    expect(await screen.findByText('Too many attempts. Try again in 42 seconds.')).toBeDefined();
    expect(leave).not.toHaveBeenCalled();
  });
});

describe('signing in without a password', () => {
  it('takes a passkey', async () => {
    const signedIn: SignInWithPasskeyMutation = { signInWithPasskey: { viewer: { id: 'usr_1' } } };
    let error: CombinedError | undefined = refusal('UNAUTHENTICATED');
    show(<SignIn next="/keys" />, { answers: { ...offers(), SignInWithPasskey: () => error ?? signedIn } });
    asked.mockResolvedValueOnce(undefined).mockResolvedValue({ ceremonyId: 'cer_1', credential: '{}' });
    fireEvent.click(await screen.findByRole('button', { name: 'Sign in with a passkey' }));
    expect(await screen.findByText(/The device gave no passkey/u)).toBeDefined();
    press('Sign in with a passkey');
    expect(await screen.findByText(/This passkey is not good here/u)).toBeDefined();
    error = undefined;
    press('Sign in with a passkey');
    await waitFor(() => expect(leave).toHaveBeenCalledWith('/keys'));
  });

  it('leads to single sign-on, and back to where somebody wanted to go', async () => {
    show(<SignIn next="/keys?a=b" />, { answers: offers({ password: false }) });
    const link = await screen.findByRole('link', { name: 'Continue with Corp' });
    expect(link.getAttribute('href')).toBe('/auth/oidc/start?return=%2Fkeys%3Fa%3Db');
    expect(screen.queryByLabelText(/^Password/u)).toBeNull();
  });

  it.each([
    ['denied', 'Your sign-on provider did not let you in.'],
    ['<b>anything</b>', 'Single sign-on did not work, through a fault of ours. Try again, or sign in in another way.'],
  ])('says why a sign-on came to nothing: %s', async (error, words) => {
    show(<SignIn error={error} />, { answers: offers() });
    expect((await screen.findByRole('alert')).textContent).toBe(words);
  });

  it.each([
    ['CLOSED', 'Sign-up is closed'],
    ['INVITE', 'Sign-up is by invitation'],
  ] as const)('says that sign-up is %s before anybody fills in a form', async (signUp, title) => {
    show(<SignUp />, { answers: offers({ signUp }) });
    expect(await screen.findByRole('heading', { name: title })).toBeDefined();
    expect(screen.queryByRole('button', { name: 'Open an account' })).toBeNull();
  });
});

describe('signing up', () => {
  it('takes an invitation for its e-mail', async () => {
    let given: unknown;
    const signedUp: SignUpMutation = { signUp: { viewer: { id: 'usr_1' } } };
    const answers = {
      ...offers(),
      SignUp: (variables: unknown) => {
        given = variables;
        return signedUp;
      },
    };
    show(<SignUp email="tom@example.com" invite="secret" />, { answers });
    await open();
    await waitFor(() => expect(leave).toHaveBeenCalledWith('/home'));
    expect(given).toEqual({ input: { email: 'tom@example.com', password: 'a password of mine', displayName: 'Tom', invite: 'secret' } });
  });

  it.each([
    ['CONFLICT', {}, /There is an account with this e-mail already/u],
    ['BAD_USER_INPUT', { field: 'input.email' }, /This is not an e-mail address/u],
    ['BAD_USER_INPUT', { field: 'input.displayName' }, /A name has 1 to 80/u],
    ['FORBIDDEN', { field: 'input.invite' }, /Sign-up is by invitation/u],
    ['FORBIDDEN', {}, /Accounts are made by the operator/u],
  ])('says what %s %j means', async (code, more, words) => {
    show(<SignUp />, { answers: { ...offers(), SignUp: () => refusal(code, more) } });
    await type(/^E-mail/u, 'tom@example.com');
    await open();
    expect(await screen.findByText(words)).toBeDefined();
  });
});

describe('a forgotten password', () => {
  it('is asked for by mail, whoever it is', async () => {
    const sent: RequestPasswordResetMutation = { requestPasswordReset: true };
    show(<ForgotPassword />, { answers: { RequestPasswordReset: () => sent } });
    await type(/^E-mail/u, 'tom@example.com');
    press('Send the link');
    expect((await screen.findByRole('status')).textContent).toContain('If there is an account of tom@example.com');
  });

  it('can’t be asked for where no mail is sent', async () => {
    show(<ForgotPassword />, { answers: { RequestPasswordReset: () => refusal('FORBIDDEN') } });
    await type(/^E-mail/u, 'tom@example.com');
    press('Send the link');
    expect((await screen.findByRole('alert')).textContent).toContain('sends no mail');
  });

  it('is replaced by who has the link', async () => {
    const done: ResetPasswordMutation = { resetPassword: true };
    show(<ResetPassword token="secret" />, { answers: { ResetPassword: () => done } });
    await type(/^New password/u, 'another password');
    press('Change the password');
    expect(await screen.findByRole('heading', { name: 'Your password is changed' })).toBeDefined();
  });

  it('is not replaced by a link that was used', async () => {
    show(<ResetPassword token="secret" />, { answers: { ResetPassword: () => refusal('BAD_USER_INPUT', { field: 'token' }) } });
    await type(/^New password/u, 'another password');
    press('Change the password');
    expect(await screen.findByRole('heading', { name: 'This link does not work' })).toBeDefined();
    expect(screen.getByRole('link', { name: 'Ask for a new link' })).toBeDefined();
  });
});

describe('the link that confirms an e-mail', () => {
  it('works at once, and is used once', async () => {
    const confirmed: VerifyEmailMutation = { verifyEmail: true };
    const verify = vi.fn<() => VerifyEmailMutation>(() => confirmed);
    show(<VerifyEmail token="secret" />, { answers: { VerifyEmail: verify } });
    expect(await screen.findByRole('heading', { name: 'Your e-mail is confirmed' })).toBeDefined();
    expect(verify).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['BAD_USER_INPUT', 'This link does not work'],
    ['CONFLICT', 'Your e-mail is not confirmed yet'],
    ['OVERLOADED', 'Your e-mail is not confirmed yet'],
  ])('says what became of it at %s', async (code, title) => {
    show(<VerifyEmail token="secret" />, { answers: { VerifyEmail: () => refusal(code) } });
    expect(await screen.findByRole('heading', { name: title })).toBeDefined();
  });

  it('does not ask without a token', async () => {
    show(<VerifyEmail />);
    expect(await screen.findByRole('heading', { name: 'This link does not work' })).toBeDefined();
  });
});
