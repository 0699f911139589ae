import { createFileRoute } from '@tanstack/react-router';
import { RoutingPage } from '../features/ledger/routing-page.tsx';
import { readRoutingSearch } from '../features/ledger/routing-search.ts';

export const Route = createFileRoute('/_app/admin/routing')({ validateSearch: readRoutingSearch, component: Routing });

function Routing() {
  const search = Route.useSearch();
  const navigate = Route.useNavigate();
  return <RoutingPage search={search} change={(change) => void navigate({ search: (before) => readRoutingSearch({ ...before, ...change }), resetScroll: false })} />;
}
