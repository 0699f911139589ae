import { createFileRoute } from '@tanstack/react-router';
import { readSearch } from '../features/ledger/filters.ts';
import { LedgerPage } from '../features/ledger/ledger-page.tsx';

export const Route = createFileRoute('/_app/admin/ledger')({ validateSearch: readSearch, component: Ledger });

function Ledger() {
  const search = Route.useSearch();
  const navigate = Route.useNavigate();
  return (
    <LedgerPage
      search={search}
      change={(change) => void navigate({ search: (before) => readSearch({ ...before, ...change }), replace: !('row' in change), resetScroll: false })}
    />
  );
}
