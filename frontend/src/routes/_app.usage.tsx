import { createFileRoute } from '@tanstack/react-router';
import { readSearch } from '../features/usage/search.ts';
import { UsagePage } from '../features/usage/usage-page.tsx';

export const Route = createFileRoute('/_app/usage')({ validateSearch: readSearch, component: Usage });

function Usage() {
  const search = Route.useSearch();
  const navigate = Route.useNavigate();
  return (
    <UsagePage
      search={search}
      // A tab is a place of its own to come back to; a filter replaces what was there.
      change={(change) => void navigate({ search: (before) => readSearch({ ...before, ...change }), replace: !('tab' in change), resetScroll: false })}
    />
  );
}
