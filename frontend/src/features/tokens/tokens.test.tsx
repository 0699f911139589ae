import { configure, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import { CombinedError } from 'urql';
import type { CreateTokenMutation, TokenModelsQuery, TokenRowFragment, TokensQuery, ViewerQuery } from '../../graphql/graphql.ts';
import { type Answers, show } from '../../shared/testing/render.tsx';
import { ViewerProvider } from '../../shared/viewer.tsx';
import { Tokens, type TokensView } from './tokens.tsx';

configure({ asyncUtilTimeout: 5000 });
vi.setConfig({ testTimeout: 30_000 });

const viewer: NonNullable<ViewerQuery['viewer']> = { id: 'u1', displayName: 'Tom', email: 'tom@example.com', roles: ['USER'], status: 'ACTIVE', emailVerifiedAt: null, wallet: null };
const token: TokenRowFragment = {
  id: 't1',
  name: 'CI',
  maskedSecret: 'rp_…9f3c',
  createdAt: '2026-11-01T00:00:00Z',
  expiresAt: null,
  lastUsedAt: null,
  revokedAt: null,
  spendLimit: '25',
  spendLimitPeriod: 'MONTH',
  periodEndsAt: '2099-12-01T00:00:00Z',
  spent: '2.5',
  models: ['gpt-4'],
  scopes: ['COMPLETIONS'],
  networks: ['10.0.0.0/8'],
};
const models: TokenModelsQuery = { models: [{ id: 'm1', name: 'gpt-4', available: true }] };
const listed = (...apiTokens: TokenRowFragment[]): TokensQuery => ({ viewer: { id: 'u1', apiTokens } });

function open(answers: Answers, view: TokensView = {}) {
  const look = vi.fn<(view: TokensView) => void>();
  show(
    <ViewerProvider viewer={viewer}>
      <Tokens view={view} look={look} />
    </ViewerProvider>,
    { answers: { Viewer: () => undefined, WalletChanged: () => undefined, TokenModels: () => models, ...answers } },
  );
  return look;
}

it('shows what each token may do, and what it has spent', async () => {
  open({ Tokens: () => listed(token) });
  const table = await screen.findByRole('table', { name: 'Your tokens' });
  const row = within(table).getAllByRole('row')[1]?.textContent ?? '';
  for (const part of ['CI', 'Active', 'rp_…9f3c', 'gpt-4', 'completions · from 10.0.0.0/8', '2.50 of 25.00 Cr spent', 'a month', 'not yet', 'never']) {
    expect(row).toContain(part);
  }
});

it('says what to do where there are none, and shows those that ended when asked', async () => {
  const look = open({ Tokens: () => listed({ ...token, revokedAt: '2026-11-02T00:00:00Z' }) });
  expect(await screen.findByText('No tokens yet')).toBeDefined();
  fireEvent.click(screen.getByLabelText('Show the one that ended'));
  expect(look).toHaveBeenCalledWith({ ended: true });
});

it('shows a new secret once, in the programs too', async () => {
  const given: unknown[] = [];
  const made: CreateTokenMutation = { createApiToken: { secret: 'rp_secret_of_the_test', token } };
  open(
    {
      Tokens: () => listed(),
      CreateToken: ({ input }) => {
        given.push(input);
        return made;
      },
    },
    { create: true },
  );
  const form = await screen.findByRole('dialog');
  fireEvent.click(within(form).getByRole('button', { name: 'Make the token' }));
  expect(await within(form).findByText(/Give it a name/u)).toBeDefined();
  expect(given).toHaveLength(0);
  fireEvent.change(within(form).getByLabelText(/^Name/u), { target: { value: ' CI ' } });
  fireEvent.change(within(form).getByLabelText('Budget, Credits'), { target: { value: '25' } });
  fireEvent.change(within(form).getByLabelText('The budget begins again'), { target: { value: 'MONTH' } });
  fireEvent.click(within(form).getByLabelText('completions'));
  fireEvent.click(within(form).getByRole('button', { name: 'Make the token' }));
  expect((await screen.findByTestId('secret')).textContent).toBe('rp_secret_of_the_test');
  expect(given).toEqual([{ name: 'CI', models: null, scopes: ['COMPLETIONS'], networks: null, spendLimit: '25', spendLimitPeriod: 'MONTH', expiresAt: null }]);
  // The form is open as long as its address says so; what is behind it is hidden.
  expect(screen.getByLabelText('curl program').textContent).toContain('rp_secret_of_the_test');
  fireEvent.click(screen.getByText('I have kept it'));
  await waitFor(() => expect(document.body.textContent).not.toContain('rp_secret_of_the_test'));
});

it('says at the field what the server does not take', async () => {
  const refusal = new CombinedError({ graphQLErrors: [{ message: 'a network is an address', extensions: { code: 'BAD_USER_INPUT', field: 'input.networks' } }] });
  open({ Tokens: () => listed(), CreateToken: () => refusal }, { create: true });
  fireEvent.change(await screen.findByLabelText(/^Name/u), { target: { value: 'CI' } });
  fireEvent.click(screen.getByRole('button', { name: 'Make the token' }));
  expect(await screen.findByText(/a network is an address/u)).toBeDefined();
});

it('asks before it revokes', async () => {
  const revoked: unknown[] = [];
  open({
    Tokens: () => listed(token),
    RevokeToken: ({ id }) => {
      revoked.push(id);
      return { revokeApiToken: { id, revokedAt: '2026-11-02T00:00:00Z' } };
    },
  });
  fireEvent.click(await screen.findByRole('button', { name: 'Revoke CI' }));
  const dialog = await screen.findByRole('dialog');
  expect(dialog.textContent).toContain('refused at once');
  expect(revoked).toEqual([]);
  fireEvent.click(within(dialog).getByRole('button', { name: 'Revoke' }));
  await waitFor(() => expect(revoked).toEqual(['t1']));
});

it('says what went wrong, and offers to ask again', async () => {
  open({ Tokens: () => new CombinedError({ graphQLErrors: [{ message: 'busy', extensions: { code: 'OVERLOADED' } }] }) });
  expect((await screen.findByRole('alert')).textContent).toContain('Nothing was done');
  expect(screen.getByRole('button', { name: 'Try again' })).toBeDefined();
});
