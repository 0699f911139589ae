import { configure, fireEvent, screen, waitFor } from '@testing-library/react';
import { CombinedError } from 'urql';
import { expect, it, vi } from 'vitest';
import type { DepositFormQuery, DepositInput, DepositMutation, DepositProgressSubscription, DepositQuoteQuery, ViewerQuery } from '../../graphql/graphql.ts';
import { type Answers, show } from '../../shared/testing/render.tsx';
import { ViewerProvider } from '../../shared/viewer.tsx';
import { DepositPage } from './deposit-page.tsx';

// Dialogs are loaded when they are asked for, which takes its time where the machine is busy.
configure({ asyncUtilTimeout: 10_000 });
vi.setConfig({ testTimeout: 30_000 });

const viewer: NonNullable<ViewerQuery['viewer']> = {
  id: 'usr_1', displayName: 'Bob', email: 'bob@example.com', roles: ['USER'], status: 'ACTIVE', emailVerifiedAt: null,
  wallet: { id: 'wal_1', available: '0', held: '0', owed: '0', vesting: '0' },
};
const form: DepositFormQuery = {
  providers: [
    { key: 'openai', name: 'OpenAI', reportsBalance: false, customBaseUrl: false },
    { key: 'deepseek', name: 'DeepSeek', reportsBalance: true, customBaseUrl: false },
    { key: 'custom', name: 'An address of yours', reportsBalance: false, customBaseUrl: true },
  ],
  depositTerms: { version: 'v1', text: '# What you agree to\n\n1. **The key is yours to give.** You may.' },
  most: { feeRate: 0.1, credits: '900000', vesting: '899000' },
};
const booked: DepositMutation = {
  deposit: {
    resource: { id: 'res_1', label: 'Work', maskedKey: 'sk-…9f3c', provider: 'openai', models: [], originalQuota: '1000', currentQuota: '1000', quotaConfirmed: false, status: 'ACTIVE' },
    fee: '100', credited: '900', vesting: '0', transaction: { id: 'txn_1', seq: '18204' },
    viewer: { id: 'usr_1', roles: ['USER', 'CONTRIBUTOR'], wallet: { id: 'wal_1', available: '900', held: '0', owed: '0', vesting: '0' } },
  },
};
const step: DepositProgressSubscription = { depositProgress: { step: 'KEY', ok: true, detail: 'the provider accepts the key', elapsedMs: 212 } };
const refusal = (code: string, more: Record<string, unknown> = {}) => new CombinedError({ graphQLErrors: [{ message: code, extensions: { code, ...more } }] });

async function open(answers: Answers = {}, who = viewer) {
  show(
    <ViewerProvider viewer={who}>
      <DepositPage search={{}} />
    </ViewerProvider>,
    {
      answers: {
        Viewer: (): ViewerQuery => ({ viewer: who }), WalletChanged: () => undefined, DepositForm: () => form, DepositProgress: () => step,
        DepositQuote: ({ quota }): DepositQuoteQuery => ({ depositQuote: { quota: String(quota), feeRate: 0.1, fee: '100', credits: '900', vesting: '0' } }),
        ...answers,
      },
    },
  );
  await screen.findByLabelText(/^API key/u);
}

const fill = (quota = '1000') => {
  fireEvent.change(screen.getByLabelText(/^API key/u), { target: { value: 'sk-secret-of-bob' } });
  fireEvent.change(screen.getByLabelText(/^Quota/u), { target: { value: quota } });
  fireEvent.click(screen.getByRole('checkbox'));
};
const send = () => fireEvent.click(screen.getByRole('button', { name: 'Deposit' }));

it('books a key, once its owner agrees, and forgets it', async () => {
  const sent: DepositInput[] = [];
  await open({
    Deposit: ({ input }) => {
      sent.push(input as DepositInput);
      return booked;
    },
  });
  expect(screen.getByLabelText(/^API key/u)).toHaveProperty('type', 'password');
  expect(screen.getByLabelText(/^API key/u).getAttribute('autocomplete')).toBe('off');
  fill();
  expect(screen.getByText('+900.00')).toBeDefined();
  expect(screen.getByText('−100.00')).toBeDefined();
  send();
  expect(await screen.findByRole('heading', { name: 'Deposited' })).toBeDefined();
  expect(screen.getByText('The provider accepts the key')).toBeDefined();
  expect(screen.getByText(/Booked as #18204/u)).toBeDefined();
  expect(screen.getByRole('link', { name: 'See the key' }).getAttribute('href')).toBe('/keys/res_1');
  expect(sent).toHaveLength(1);
  expect(sent[0]).toMatchObject({ provider: 'openai', apiKey: 'sk-secret-of-bob', quota: '1000', label: null, expiresAt: null, acceptedTerms: 'v1' });
  expect(sent[0]?.progressId).not.toBe(sent[0]?.idempotencyKey);
  expect(document.body.innerHTML).not.toContain('sk-secret-of-bob');
  fireEvent.click(screen.getByRole('button', { name: 'Deposit another' }));
  expect(await screen.findByLabelText(/^API key/u)).toHaveProperty('value', '');
});

it('sends nothing that lacks something', async () => {
  await open();
  send();
  expect(await screen.findByText('Paste the key.')).toBeDefined();
  expect(screen.getByText(/^An amount above 0/u)).toBeDefined();
  expect(screen.getByText(/^Agree to the terms first/u)).toBeDefined();
});

it('does not offer providers that only admins may use', async () => {
  await open();
  fireEvent.click(screen.getByRole('combobox', { name: 'Provider' }));
  expect(await screen.findByRole('option', { name: 'DeepSeek', hidden: true })).toBeDefined();
  expect(screen.queryByRole('option', { name: 'An address of yours', hidden: true })).toBeNull();
});

it.each([
  ['KEY_REJECTED', {}, 'The provider does not accept this key'],
  ['KEY_ALREADY_DEPOSITED', {}, 'This key, or its account, is in the pool already'],
  ['PROVIDER_UNREACHABLE', {}, 'The provider did not answer'],
  ['RATE_LIMITED', { retryAfterSeconds: 120 }, 'Too many keys were refused'],
  ['DECLARED_QUOTA_TOO_HIGH', { actualQuota: '0' }, 'The key has less than you declared'],
])('explains %s and keeps the form', async (code, more, title) => {
  await open({ Deposit: () => refusal(code, more) });
  fill();
  send();
  const alert = await screen.findByRole('alert');
  expect(alert.textContent).toContain(title);
  expect(alert.textContent).toContain('Nothing was booked, and nothing of the key was kept.');
  expect(screen.getByLabelText(/^API key/u)).toHaveProperty('value', 'sk-secret-of-bob');
  expect(screen.getByLabelText(/^Quota/u)).toHaveProperty('value', '1000');
});

it('declares what the provider reports, at a press', async () => {
  await open({ Deposit: () => refusal('DECLARED_QUOTA_TOO_HIGH', { actualQuota: '412.5' }) });
  fill();
  send();
  fireEvent.click(await screen.findByRole('button', { name: 'Use $412.50' }));
  expect(screen.getByLabelText(/^Quota/u)).toHaveProperty('value', '412.5');
  expect(screen.queryByRole('alert')).toBeNull();
});

it('sends the same deposit again under the same name where no answer came', async () => {
  const sent: DepositInput[] = [];
  await open({
    Deposit: ({ input }) => {
      sent.push(input as DepositInput);
      return sent.length < 2 ? new Error('no network') : booked;
    },
  });
  fill();
  send();
  expect((await screen.findByRole('alert')).textContent).toContain('It is not known whether the deposit was booked');
  send();
  await waitFor(() => expect(sent).toHaveLength(2));
  expect(sent[1]?.idempotencyKey).toBe(sent[0]?.idempotencyKey);
  expect(sent[1]?.progressId).not.toBe(sent[0]?.progressId);
});

it('says what the server says of a field at the field', async () => {
  await open({ Deposit: () => refusal('BAD_USER_INPUT', { field: 'input.apiKey' }) });
  fill();
  send();
  await screen.findByRole('alert');
  expect(screen.getByLabelText(/^API key/u).getAttribute('aria-invalid')).toBe('true');
});

it('takes nothing from who is frozen', async () => {
  await open({}, { ...viewer, status: 'FROZEN' });
  expect(screen.getByRole('button', { name: 'Deposit' })).toHaveProperty('disabled', true);
});
