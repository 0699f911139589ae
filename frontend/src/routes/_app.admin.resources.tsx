import { createFileRoute } from '@tanstack/react-router';
import { ResourcesPage } from '../features/admin/resources/resources-page.tsx';
import { readSearch } from '../features/admin/resources/search.ts';

export const Route = createFileRoute('/_app/admin/resources')({ validateSearch: readSearch, component: Resources });

function Resources() {
  const search = Route.useSearch();
  const navigate = Route.useNavigate();
  return <ResourcesPage search={search} change={(change) => void navigate({ search: (before) => readSearch({ ...before, ...change }), replace: !('row' in change), resetScroll: false })} />;
}
