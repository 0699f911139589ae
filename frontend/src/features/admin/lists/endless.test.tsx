import { fireEvent, screen, waitFor } from '@testing-library/react';
import { CombinedError } from 'urql';
import { expect, it } from 'vitest';
import { AuditDocument, type AuditQuery } from '../../../graphql/graphql.ts';
import { show } from '../../../shared/testing/render.tsx';
import { useEndless } from './endless.ts';

const event = (id: string): AuditQuery['auditLog']['edges'][number] => ({
  node: { id, at: '2026-01-01T00:00:00Z', actor: null, action: id, subject: 's', detail: null, reason: null, ip: null, userAgent: null, sessionId: null, tokenId: null, requestId: null },
});
const page = (ids: readonly string[], endCursor: string | null): AuditQuery => ({
  auditLog: { totalCount: 4, pageInfo: { hasNextPage: endCursor !== null, endCursor }, edges: ids.map(event) },
});

function List({ action }: { readonly action: string }) {
  const { rows, total, hasMore, more, again, error } = useEndless(
    AuditDocument,
    (after) => ({ first: 2, after, filter: { action } }),
    (data) => data.auditLog,
  );
  return (
    <>
      <p data-testid="rows">{rows?.map(({ id }) => id).join(' ') ?? '…'}</p>
      <p data-testid="total">{total}</p>
      {error !== undefined && <p role="alert">{error.message}</p>}
      <button type="button" disabled={!hasMore} onClick={more}>
        more
      </button>
      <button type="button" onClick={again}>
        again
      </button>
    </>
  );
}

const rows = () => screen.getByTestId('rows').textContent;

it('reads on from where the page before ends, without a repeat', async () => {
  const asked: unknown[] = [];
  show(<List action="a" />, {
    answers: {
      Audit: ({ after }) => {
        asked.push(after);
        return after === null ? page(['1', '2'], 'two') : after === 'two' ? page(['2', '3'], 'three') : page(['4'], null);
      },
    },
  });
  await waitFor(() => expect(rows()).toBe('1 2'));
  fireEvent.click(screen.getByRole('button', { name: 'more' }));
  await waitFor(() => expect(rows()).toBe('1 2 3'));
  fireEvent.click(screen.getByRole('button', { name: 'more' }));
  await waitFor(() => expect(rows()).toBe('1 2 3 4'));
  expect(screen.getByRole('button', { name: 'more' }).hasAttribute('disabled')).toBe(true);
  expect(screen.getByTestId('total').textContent).toBe('4');
  expect(asked).toEqual([null, 'two', 'three']);
});

it('reads again as far as it was, from where the pages end now', async () => {
  let later = false;
  show(<List action="a" />, {
    answers: {
      Audit: ({ after }) => (later ? (after === null ? page(['0', '1'], 'one') : page(['2', '3'], null)) : after === null ? page(['1', '2'], 'two') : page(['3'], null)),
    },
  });
  await waitFor(() => expect(rows()).toBe('1 2'));
  fireEvent.click(screen.getByRole('button', { name: 'more' }));
  await waitFor(() => expect(rows()).toBe('1 2 3'));
  later = true;
  fireEvent.click(screen.getByRole('button', { name: 'again' }));
  await waitFor(() => expect(rows()).toBe('0 1 2 3'));
});

it('tells what went wrong', async () => {
  show(<List action="a" />, { answers: { Audit: () => new CombinedError({ graphQLErrors: [{ message: 'no', extensions: { code: 'FORBIDDEN' } }] }) } });
  expect((await screen.findByRole('alert')).textContent).toContain('no');
});
