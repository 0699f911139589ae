import { MantineProvider } from '@mantine/core';
import { createMemoryHistory, createRootRoute, createRoute, createRouter, Outlet, RouterProvider } from '@tanstack/react-router';
import { render, type RenderResult } from '@testing-library/react';
import { type DocumentNode, Kind } from 'graphql';
import type { ReactNode } from 'react';
import { type AnyVariables, type Client, CombinedError, createRequest, type GraphQLRequest, makeErrorResult, Provider } from 'urql';
import { fromValue, merge, never, toPromise } from 'wonka';
import { theme } from '../theme.ts';

/** Answers an operation by its name; undefined keeps it waiting, a CombinedError is the server's, another Error the network's. */
export type Answers = Readonly<Record<string, (variables: Readonly<Record<string, unknown>>) => unknown>>;

const nameOf = (document: DocumentNode) => document.definitions.find((d) => d.kind === Kind.OPERATION_DEFINITION)?.name?.value ?? '';

/** A client that answers what a test scripts; an operation that it does not know fails the test. */
function scripted(answers: Answers): Client {
  const answer = (request: GraphQLRequest) => {
    const name = nameOf(request.query as DocumentNode);
    const make = answers[name];
    if (make === undefined) {
      throw new Error(`the test has no answer for ${name}`);
    }
    const data = make(request.variables as Record<string, unknown>);
    if (data === undefined) {
      return never;
    }
    const operation = { key: request.key, kind: 'query', query: request.query, variables: request.variables, context: {} } as never;
    if (data instanceof CombinedError) {
      return fromValue({ operation, data: null as unknown, error: data, stale: false, hasNext: false });
    }
    return fromValue(data instanceof Error ? makeErrorResult(operation, data) : { operation, data, stale: false, hasNext: false });
  };
  const ask = (document: DocumentNode, variables: AnyVariables) => {
    const source = answer(createRequest(document, variables));
    return Object.assign(source, { toPromise: () => toPromise(source) });
  };
  return {
    // As of the real one, an answer is not the end: where it ends, an error is forgotten.
    executeQuery: (request: GraphQLRequest) => merge([answer(request), never]),
    executeMutation: answer,
    executeSubscription: answer,
    query: ask,
    mutation: ask,
    subscription: ask,
  } as unknown as Client;
}

/** Renders a component as the app does, at an address where one matters, with scripted answers of the API. */
export function show(ui: ReactNode, { answers = {}, at = '/' }: { readonly answers?: Answers; readonly at?: string } = {}): RenderResult {
  const root = createRootRoute({ component: Outlet });
  const everywhere = createRoute({ getParentRoute: () => root, path: '$', component: () => ui });
  const index = createRoute({ getParentRoute: () => root, path: '/', component: () => ui });
  const router = createRouter({ routeTree: root.addChildren([index, everywhere]), history: createMemoryHistory({ initialEntries: [at] }) });
  return render(
    <MantineProvider theme={theme} env="test">
      <Provider value={scripted(answers)}>
        <RouterProvider router={router as never} />
      </Provider>
    </MantineProvider>,
  );
}
