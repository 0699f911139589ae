import { fireEvent, screen, waitFor } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import { CombinedError, type OperationResult } from 'urql';
import type { WaysToConfirmQuery } from '../graphql/graphql.ts';
import { ReauthenticateProvider, useConfirmed } from './reauthenticate.tsx';
import { show } from './testing/render.tsx';

const ways: WaysToConfirmQuery = {
  viewer: { id: 'usr_1', hasPassword: true, passkeys: [], identities: [] },
  signInMethods: { passkeys: true, oidc: { name: 'Corp', url: '/auth/oidc/start' } },
};
const refusal = (code: string) => new CombinedError({ graphQLErrors: [{ message: code, extensions: { code } }] });
const answer = (error?: CombinedError) => Promise.resolve({ data: { done: true }, error } as unknown as OperationResult<{ done: boolean }>);

function Act({ act, then }: { readonly act: () => Promise<OperationResult<{ done: boolean }>>; readonly then: (error: CombinedError | undefined) => void }) {
  const confirmed = useConfirmed();
  return (
    <button type="button" onClick={() => void confirmed(act).then(({ error }) => then(error))}>
      Withdraw
    </button>
  );
}

it('does an act again once its author has given the password and a code', async () => {
  const act = vi.fn<() => Promise<OperationResult<{ done: boolean }>>>().mockReturnValueOnce(answer(refusal('REAUTHENTICATION_REQUIRED'))).mockReturnValue(answer());
  const then = vi.fn<(error: CombinedError | undefined) => void>();
  const given: unknown[] = [];
  show(
    <ReauthenticateProvider>
      <Act act={act} then={then} />
    </ReauthenticateProvider>,
    {
      answers: {
        WaysToConfirm: () => ways,
        Reauthenticate: (variables) => {
          given.push(variables);
          return variables['code'] === null ? refusal('SECOND_FACTOR_REQUIRED') : variables['code'] === '123456' ? { reauthenticate: true } : refusal('UNAUTHENTICATED');
        },
      },
    },
  );
  fireEvent.click(await screen.findByRole('button', { name: 'Withdraw' }));
  fireEvent.change(await screen.findByLabelText(/^Password/u), { target: { value: 'secret of mine' } });
  fireEvent.click(screen.getByRole('button', { name: 'Confirm' }));
  fireEvent.change(await screen.findByLabelText(/^Code/u), { target: { value: '000000' } });
  fireEvent.click(screen.getByRole('button', { name: 'Confirm' }));
  expect(await screen.findByText(/This code is wrong/u)).toBeDefined();
  fireEvent.change(screen.getByLabelText(/^Code/u), { target: { value: '123456' } });
  fireEvent.click(screen.getByRole('button', { name: 'Confirm' }));
  await waitFor(() => expect(then).toHaveBeenCalledWith(undefined));
  expect(act).toHaveBeenCalledTimes(2);
  expect(given).toHaveLength(3);
  expect(screen.queryByRole('dialog')).toBeNull();
});

it('gives the refusal to who closes the dialog', async () => {
  const act = vi.fn<() => Promise<OperationResult<{ done: boolean }>>>().mockReturnValue(answer(refusal('REAUTHENTICATION_REQUIRED')));
  const then = vi.fn<(error: CombinedError | undefined) => void>();
  show(
    <ReauthenticateProvider>
      <Act act={act} then={then} />
    </ReauthenticateProvider>,
    { answers: { WaysToConfirm: () => ({ ...ways, viewer: { ...ways.viewer, hasPassword: false, identities: [{ id: 'idn_1' }] } }) } },
  );
  fireEvent.click(await screen.findByRole('button', { name: 'Withdraw' }));
  expect((await screen.findByRole('link', { name: 'Confirm with Corp' })).getAttribute('href')).toBe('/auth/oidc/start?fresh&return=%2F');
  expect(screen.queryByLabelText(/^Password/u)).toBeNull();
  fireEvent.click(screen.getByRole('button', { name: 'Close' }));
  await waitFor(() => expect(then).toHaveBeenCalledTimes(1));
  expect(then.mock.calls[0]?.[0]?.graphQLErrors[0]?.extensions['code']).toBe('REAUTHENTICATION_REQUIRED');
  expect(act).toHaveBeenCalledTimes(1);
});

it('asks nobody about another refusal', async () => {
  const then = vi.fn<(error: CombinedError | undefined) => void>();
  show(
    <ReauthenticateProvider>
      <Act act={() => answer(refusal('CONFLICT'))} then={then} />
    </ReauthenticateProvider>,
  );
  fireEvent.click(await screen.findByRole('button', { name: 'Withdraw' }));
  await waitFor(() => expect(then).toHaveBeenCalledTimes(1));
  expect(screen.queryByRole('dialog')).toBeNull();
});
