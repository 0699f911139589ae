import { createFileRoute } from '@tanstack/react-router';
import { AuditPage } from '../features/admin/audit/audit-page.tsx';
import { readSearch } from '../features/admin/audit/search.ts';

export const Route = createFileRoute('/_app/admin/audit')({ validateSearch: readSearch, component: Audit });

function Audit() {
  const search = Route.useSearch();
  const navigate = Route.useNavigate();
  return <AuditPage search={search} change={(change) => void navigate({ search: (before) => readSearch({ ...before, ...change }), replace: !('row' in change), resetScroll: false })} />;
}
