import { configure, fireEvent, screen, within } from '@testing-library/react';
import { CombinedError } from 'urql';
import { expect, it, vi } from 'vitest';
import type { LimitKeyMutation, MyKeysQuery, PauseKeyMutation, ResumeKeyMutation, RotateKeyMutation, VerifyKeyMutation, ViewerQuery, WithdrawKeyMutation } from '../../graphql/graphql.ts';
import { type Answers, show } from '../../shared/testing/render.tsx';
import { ViewerProvider } from '../../shared/viewer.tsx';
import { KeysPage } from './keys-page.tsx';
import type { KeysSearch } from './search.ts';
import type { Key } from './state.ts';
import { aKey } from './testing.ts';

// Dialogs are loaded when they are asked for, which takes its time where the machine is busy.
configure({ asyncUtilTimeout: 10_000 });
vi.setConfig({ testTimeout: 30_000 });

const viewer: NonNullable<ViewerQuery['viewer']> = {
  id: 'usr_1', displayName: 'Bob', email: 'bob@example.com', roles: ['USER', 'CONTRIBUTOR'], status: 'ACTIVE', emailVerifiedAt: null,
  wallet: { id: 'wal_1', available: '1284.5', held: '0', owed: '0', vesting: '0' },
};
const mine = (keys: readonly Key[]): MyKeysQuery => ({
  viewer: {
    id: 'usr_1',
    pool: {
      id: 'usr_1', resourcesContributed: '1000', resourceConsumed: '687.6', remaining: '312.4', creditsIssued: '900', platformRevenue: '9000', requests: '1240', standing: 'ACTIVE',
    },
    resources: { totalCount: keys.length, pageInfo: { hasNextPage: false, endCursor: null }, edges: keys.map((node) => ({ node })) },
  },
  providers: [{ key: 'openai', name: 'OpenAI' }],
  rate: { feeRate: 0.1 },
});
const refusal = (code: string, more: Record<string, unknown> = {}) => new CombinedError({ graphQLErrors: [{ message: code, extensions: { code, ...more } }] });

async function open(keys: readonly Key[], answers: Answers = {}, search: KeysSearch = {}, who = viewer) {
  const go = vi.fn<(search: KeysSearch) => void>();
  show(
    <ViewerProvider viewer={who}>
      <KeysPage search={search} go={go} />
    </ViewerProvider>,
    { answers: { Viewer: (): ViewerQuery => ({ viewer: who }), WalletChanged: () => undefined, ResourceChanged: () => undefined, MyKeys: () => mine(keys), ...answers } },
  );
  await screen.findByText('Contributed');
  return go;
}
const press = (name: string) => fireEvent.click(screen.getByRole('button', { name }));

it('shows what a key is, has left and does', async () => {
  await open([aKey()]);
  const card = within(screen.getByRole('article', { name: 'Work' }));
  expect(card.getByText('Serving')).toBeDefined();
  expect(card.getByText('$312.40')).toBeDefined();
  expect(card.getByText('$12.40 held by requests in flight')).toBeDefined();
  expect(card.getByRole('meter', { name: 'Quota' }).getAttribute('aria-valuenow')).toBe('31.24');
  expect(card.getByText('99.5 %')).toBeDefined();
  expect(card.getByText('420 ms')).toBeDefined();
  expect(card.getByRole('link', { name: 'Work' }).getAttribute('href')).toBe('/keys/res_1');
});

it('says until when a key cools, and until when it is to be repaired', async () => {
  const until = new Date(Date.now() + 600_000).toISOString();
  const repairBy = new Date(Date.now() + 71 * 3_600_000 + 60_000).toISOString();
  await open([
    aKey({ rests: [{ model: null, reason: 'cooling_down', until }], nextProbeAt: until }),
    aKey({ id: 'res_2', label: 'Home', status: 'SUSPENDED', suspendedBy: 'PROVIDER', statusReason: 'the provider does not accept the key', repairBy }),
  ]);
  expect(screen.getByText(/^Cooling until .*: rate limit at OpenAI$/u)).toBeDefined();
  expect(screen.getByText('Next try')).toBeDefined();
  expect(screen.getByText('Rejected by OpenAI')).toBeDefined();
  expect(screen.getByText(/^Repair it in 3 days, or the Credits/u)).toBeDefined();
});

it('pauses a key, and undoes that', async () => {
  const done: string[] = [];
  await open([aKey()], {
    PauseKey: (): PauseKeyMutation => {
      done.push('pause');
      return { pauseResource: aKey({ status: 'PAUSED' }) };
    },
    ResumeKey: (): ResumeKeyMutation => {
      done.push('resume');
      return { resumeResource: aKey() };
    },
  });
  press('Pause');
  expect(await screen.findByText('Work is paused.')).toBeDefined();
  press('Undo');
  expect(await screen.findByText('Work serves again.')).toBeDefined();
  expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull();
  expect(done).toEqual(['pause', 'resume']);
});

it('tells how a test went, and why there was none', async () => {
  let answer: VerifyKeyMutation | CombinedError = { verifyResource: aKey({ status: 'SUSPENDED', suspendedBy: 'PROVIDER' }) };
  await open([aKey()], { VerifyKey: () => answer });
  press('Verify');
  expect(await screen.findByText('Work did not pass the test.')).toBeDefined();
  answer = refusal('PROVIDER_UNREACHABLE');
  press('Verify');
  expect((await screen.findByRole('alert')).textContent).toContain('The provider did not answer');
});

it('puts another key in the place of one', async () => {
  let answer: RotateKeyMutation | CombinedError = refusal('KEY_REJECTED');
  const sent: unknown[] = [];
  await open([aKey()], {
    RotateKey: (variables) => {
      sent.push(variables);
      return answer;
    },
  });
  press('Replace key');
  const dialog = within(await screen.findByRole('dialog', { name: 'Replace the key of Work' }));
  fireEvent.click(dialog.getByRole('button', { name: 'Replace key' }));
  expect(await dialog.findByText('Paste the key.')).toBeDefined();
  expect(dialog.getByLabelText(/^New API key/u)).toHaveProperty('type', 'password');
  fireEvent.change(dialog.getByLabelText(/^New API key/u), { target: { value: 'sk-another' } });
  fireEvent.click(dialog.getByRole('button', { name: 'Replace key' }));
  expect(await dialog.findByText(/^OpenAI does not accept this key/u)).toBeDefined();
  answer = { rotateResourceKey: aKey() };
  fireEvent.click(dialog.getByRole('button', { name: 'Replace key' }));
  expect(await screen.findByText('The key of Work is replaced.')).toBeDefined();
  expect(sent.at(-1)).toEqual({ id: 'res_1', apiKey: 'sk-another' });
});

it('sets limits, and none where nothing is entered', async () => {
  const sent: unknown[] = [];
  await open([aKey({ maxRequestsPerMinute: 60 })], {
    LimitKey: (variables): LimitKeyMutation => {
      sent.push(variables);
      return { setResourceLimits: aKey() };
    },
  });
  expect(screen.getByText('60 requests / min')).toBeDefined();
  press('Limits');
  fireEvent.change(await screen.findByLabelText('Requests at a time'), { target: { value: '0' } });
  press('Save');
  expect(await screen.findByText(/^A whole number from 1 to 10/u)).toBeDefined();
  fireEvent.change(screen.getByLabelText('Requests at a time'), { target: { value: '4' } });
  fireEvent.change(screen.getByLabelText('Requests per minute'), { target: { value: '' } });
  press('Save');
  expect(await screen.findByText('The limits of Work are set.')).toBeDefined();
  expect(sent).toEqual([{ id: 'res_1', maxConcurrency: 4, maxRequestsPerMinute: null, maxTokensPerMinute: null }]);
});

it('takes a key back once its owner has seen what that costs', async () => {
  const back: WithdrawKeyMutation = {
    withdrawResource: { resource: aKey({ status: 'WITHDRAWN' }), fee: '-31.24', credited: '-281.16', vesting: '0', viewer: { id: 'usr_1', wallet: null } },
  };
  await open([aKey()], { WithdrawKey: () => back });
  press('Take back');
  const dialog = within(await screen.findByRole('dialog', { name: 'Take Work back' }));
  for (const amount of ['$312.40', '31.24', '−281.16', '1\u202F003.34']) {
    expect(dialog.getByText(amount, { normalizer: (text) => text.trim() })).toBeDefined();
  }
  fireEvent.click(dialog.getByRole('button', { name: 'Take it back' }));
  expect(await screen.findByText(/^Work is taken back. 281.16 Cr were returned, 31.24 Cr of the fee undone/u)).toBeDefined();
});

it('explains that Credits are missing', async () => {
  const poor = { ...viewer, wallet: { id: 'wal_1', available: '1', held: '0', owed: '0', vesting: '0' } };
  await open([aKey()], { WithdrawKey: () => refusal('INSUFFICIENT_CREDITS') }, {}, poor);
  press('Take back');
  const dialog = within(await screen.findByRole('dialog'));
  expect(dialog.getByText(/^You may have too few Credits/u)).toBeDefined();
  fireEvent.click(dialog.getByRole('button', { name: 'Take it back' }));
  expect((await dialog.findByRole('alert')).textContent).toContain('about 280.16 Cr are missing');
});

it('keeps keys that are over apart', async () => {
  const go = await open([aKey({ status: 'EXPIRED' })]);
  expect(screen.getByText('You have no keys in the pool')).toBeDefined();
  expect(screen.queryByRole('article')).toBeNull();
  press('Over (1)');
  expect(go).toHaveBeenCalledWith({ over: true });
});

it('leaves who is frozen what repairs', async () => {
  await open([aKey({ status: 'PAUSED' })], {}, {}, { ...viewer, status: 'FROZEN' });
  expect(screen.getAllByRole('button').map((button) => button.textContent)).toEqual(expect.arrayContaining(['Resume', 'Verify', 'Replace key']));
  expect(screen.queryByRole('button', { name: 'Take back' })).toBeNull();
});
