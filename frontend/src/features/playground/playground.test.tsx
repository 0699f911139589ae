import { act, configure, fireEvent, screen, waitFor } from '@testing-library/react';
import { type DocumentNode, Kind } from 'graphql';
import { beforeEach, expect, it, vi } from 'vitest';
import { type Client, CombinedError, type GraphQLRequest, Provider } from 'urql';
import { fromValue, makeSubject, never, onEnd, pipe } from 'wonka';
import type { PlaygroundEstimateQuery, PlaygroundModelsQuery, PlaygroundReceiptsQuery, PlaygroundStreamSubscription, ViewerQuery } from '../../graphql/graphql.ts';
import { show } from '../../shared/testing/render.tsx';
import { ViewerProvider } from '../../shared/viewer.tsx';
import { Playground } from './playground.tsx';

configure({ asyncUtilTimeout: 5000 });
vi.setConfig({ testTimeout: 30_000 });

const wallet = { id: 'w1', available: '50', held: '0', owed: '0', vesting: '0' };
const viewer: NonNullable<ViewerQuery['viewer']> = { id: 'u1', displayName: 'Tom', email: 'tom@example.com', roles: ['USER'], status: 'ACTIVE', emailVerifiedAt: null, wallet };
const model = { id: 'm1', name: 'gpt-4', provider: 'openai', contextWindow: 8192, available: true, inputPricePerMillion: '0', outputPricePerMillion: '10000', minimumCharge: '0' };
const models: PlaygroundModelsQuery = { models: [model] };
const estimate: PlaygroundEstimateQuery = { estimate: { maximum: '0.84', expected: '0.1', promptTokens: 9 } };
type Row = NonNullable<PlaygroundReceiptsQuery['viewer']>['usageLogs']['edges'][number]['node'];
const row: Row = {
  id: 'r1',
  createdAt: '2026-11-25T12:00:00Z',
  status: 'SUCCEEDED',
  model: 'gpt-4',
  endpoint: 'chat',
  streamed: true,
  estimated: false,
  promptTokens: 10,
  completionTokens: 300,
  latencyMs: 420,
  creditsCharged: '0.031',
};
const whole: PlaygroundStreamSubscription = {
  completionStream: {
    text: '',
    done: true,
    payload: { creditsCharged: '0.031', completion: { id: 'c1', content: 'Hello **you**', finishReason: 'STOP' }, usage: row, wallet },
  },
};
const piece = (text: string): PlaygroundStreamSubscription => ({ completionStream: { text, done: false, payload: null } });

interface Result {
  readonly data?: PlaygroundStreamSubscription;
  readonly error?: CombinedError;
}

beforeEach(() => sessionStorage.clear());

/** Opens the page; returns the stream of the answer, and what was asked. */
function open({ offered = models, booked = [] as readonly Row[] } = {}) {
  const asked: Record<string, unknown>[] = [];
  const state = { closed: 0, booked: [] as readonly Row[] };
  let subject = makeSubject<Result>();
  const answer = (request: GraphQLRequest) => {
    const name = (request.query as DocumentNode).definitions.find((d) => d.kind === Kind.OPERATION_DEFINITION)?.name?.value ?? '';
    const give = (data: unknown) => fromValue({ operation: { key: request.key, kind: 'query', query: request.query, variables: request.variables, context: {} }, data, stale: false, hasNext: false });
    switch (name) {
      case 'PlaygroundModels':
        return give(offered);
      case 'PlaygroundEstimate':
        return give(estimate);
      case 'PlaygroundReceipts': {
        const rows = state.booked;
        state.booked = booked;
        return give({ viewer: { id: 'u1', wallet, usageLogs: { edges: rows.map((node) => ({ node })) } } } satisfies PlaygroundReceiptsQuery);
      }
      default:
        return never;
    }
  };
  const ask = (query: GraphQLRequest['query'], variables: Record<string, unknown>) => answer({ key: 1, query, variables, extensions: undefined } as unknown as GraphQLRequest);
  const client = {
    executeQuery: answer,
    executeMutation: answer,
    executeSubscription: answer,
    query: ask,
    mutation: ask,
    subscription: (_: unknown, variables: Record<string, unknown>) => {
      asked.push(variables['input'] as Record<string, unknown>);
      subject = makeSubject<Result>();
      return pipe(
        subject.source,
        onEnd(() => {
          state.closed += 1;
        }),
      );
    },
  } as unknown as Client;
  show(
    <Provider value={client}>
      <ViewerProvider viewer={viewer}>
        <Playground model={undefined} choose={() => {}} />
      </ViewerProvider>
    </Provider>,
  );
  return { asked, state, next: (result: Result) => act(() => subject.next(result)) };
}

async function send(text: string) {
  const box = await screen.findByRole('textbox', { name: 'Message' });
  fireEvent.change(box, { target: { value: text } });
  fireEvent.keyDown(box, { key: 'Enter' });
}

const told = () => screen.getAllByRole('status').map(({ textContent }) => textContent).join('');

it('streams an answer, says what it cost and tells screen readers once', async () => {
  const { asked, next } = open();
  await send('Hi');
  expect(asked[0]).toMatchObject({ model: 'gpt-4', messages: [{ role: 'USER', content: 'Hi' }], maxTokens: null, temperature: null });
  next({ data: piece('Hello ') });
  expect(await screen.findByText('Hello', { exact: false })).toBeDefined();
  expect(told()).not.toContain('Hello');
  next({ data: whole });
  const cost = await screen.findByTestId('cost');
  expect(cost.textContent).toBe('0.031 Cr · 310 tokens · 0.42 s · receipt');
  expect(screen.getByRole('link', { name: 'receipt' }).getAttribute('href')).toContain('r1');
  expect(told()).toContain('gpt-4 answered: Hello **you**');
  expect(screen.getByText('you', { selector: 'strong' })).toBeDefined();
});

it('keeps a new line for Shift and Enter, and Enter for who composes a word', async () => {
  const { asked } = open();
  const box = await screen.findByRole('textbox', { name: 'Message' });
  fireEvent.change(box, { target: { value: 'ni' } });
  fireEvent.keyDown(box, { key: 'Enter', shiftKey: true });
  fireEvent.keyDown(box, { key: 'Enter', isComposing: true });
  expect(asked).toHaveLength(0);
});

it('stops on Escape, ends the subscription and looks up what was charged', async () => {
  const { state, next } = open({ booked: [{ ...row, id: 'r2', creditsCharged: '0.01', estimated: true }] });
  await send('Hi');
  next({ data: piece('Half an') });
  await screen.findByText('Half an');
  fireEvent.keyDown(document.documentElement, { key: 'Escape', code: 'Escape' });
  expect(state.closed).toBe(1);
  expect(await screen.findByText('Stopped. Looking up what was charged')).toBeDefined();
  expect(await screen.findByText('You stopped it. What had come is charged.', undefined, { timeout: 3000 })).toBeDefined();
  expect(screen.getByTestId('cost').textContent).toContain('0.01 Cr');
  expect(screen.getByTestId('cost').textContent).toContain('counted here');
});

it('says of a refusal what it means for the money, and asks again', async () => {
  const { asked, next } = open();
  await send('Hi');
  next({ error: new CombinedError({ graphQLErrors: [{ message: 'none', extensions: { code: 'NO_RESOURCE_AVAILABLE' } }] }) });
  expect(await screen.findByText(/Nothing was charged; try again later/u)).toBeDefined();
  fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
  await waitFor(() => expect(asked).toHaveLength(2));
  expect(asked[1]?.['messages']).toEqual([{ role: 'USER', content: 'Hi' }]);
  expect(asked[1]?.['idempotencyKey']).not.toBe(asked[0]?.['idempotencyKey']);
  expect(screen.getAllByText('Hi')).toHaveLength(1);
});

it('says what an answer that broke off cost', async () => {
  const { next } = open();
  await send('Hi');
  next({ data: whole });
  next({ error: new CombinedError({ graphQLErrors: [{ message: 'gone', extensions: { code: 'UPSTREAM_FAILED' } }] }) });
  expect(await screen.findByText(/The answer broke off. What had come is charged/u)).toBeDefined();
  expect(screen.getByTestId('cost').textContent).toContain('0.031 Cr');
});

it('shows the most that a message can cost before it is sent', async () => {
  open();
  fireEvent.change(await screen.findByRole('textbox', { name: 'Message' }), { target: { value: 'Hi' } });
  expect(await screen.findByText('at most 0.84 Cr', undefined, { timeout: 3000 })).toBeDefined();
});

it('does not send with a cap that is none', async () => {
  const { asked } = open();
  fireEvent.change(await screen.findByLabelText('Longest answer, tokens'), { target: { value: '0' } });
  await send('Hi');
  expect(asked).toHaveLength(0);
  expect(screen.getByText('A whole number, 1 or more.')).toBeDefined();
});

it('says what to do where no model can be asked', async () => {
  open({ offered: { models: [{ ...model, available: false }] } });
  expect(await screen.findByText('No model can be asked now')).toBeDefined();
  expect(screen.getByRole('link', { name: 'Deposit a key' })).toBeDefined();
});
