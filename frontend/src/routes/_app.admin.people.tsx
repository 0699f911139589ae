import { createFileRoute } from '@tanstack/react-router';
import { PeoplePage } from '../features/admin/people/people-page.tsx';
import { readSearch } from '../features/admin/people/search.ts';

export const Route = createFileRoute('/_app/admin/people')({ validateSearch: readSearch, component: People });

function People() {
  const search = Route.useSearch();
  const navigate = Route.useNavigate();
  return <PeoplePage search={search} change={(change) => void navigate({ search: (before) => readSearch({ ...before, ...change }), replace: !('row' in change || 'edit' in change), resetScroll: false })} />;
}
