import { createFileRoute } from '@tanstack/react-router';
import { RankingPage } from '../features/admin/ranking/ranking-page.tsx';
import { readSearch } from '../features/admin/ranking/search.ts';

export const Route = createFileRoute('/_app/admin/ranking')({ validateSearch: readSearch, component: Ranking });

function Ranking() {
  const search = Route.useSearch();
  const navigate = Route.useNavigate();
  return <RankingPage search={search} change={(change) => void navigate({ search: (before) => readSearch({ ...before, ...change }), resetScroll: false })} />;
}
