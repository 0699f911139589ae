import { createFileRoute } from '@tanstack/react-router';
import { PricesPage } from '../features/admin/prices/prices-page.tsx';
import { readSearch } from '../features/admin/prices/search.ts';

export const Route = createFileRoute('/_app/admin/prices')({ validateSearch: readSearch, component: Prices });

function Prices() {
  const search = Route.useSearch();
  const navigate = Route.useNavigate();
  return <PricesPage search={search} change={(change) => void navigate({ search: (before) => readSearch({ ...before, ...change }), replace: !('row' in change), resetScroll: false })} />;
}
