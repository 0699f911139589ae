import { createRootRouteWithContext, Outlet } from '@tanstack/react-router';
import { Crash, NotFound } from '../app/crash.tsx';
import type { Api } from '../shared/client.ts';

/** What every route has at hand. */
interface RouterContext {
  readonly api: Api;
}

export const Route = createRootRouteWithContext<RouterContext>()({
  component: Outlet,
  errorComponent: Crash,
  notFoundComponent: NotFound,
});
