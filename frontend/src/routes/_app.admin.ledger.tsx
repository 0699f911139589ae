import { createFileRoute } from '@tanstack/react-router';
import { useCallback } from 'react';
import { type LedgerChange, readSearch } from '../features/ledger/filters.ts';
import { LedgerPage } from '../features/ledger/ledger-page.tsx';

export const Route = createFileRoute('/_app/admin/ledger')({ validateSearch: readSearch, component: Ledger });

function Ledger() {
  const search = Route.useSearch();
  const navigate = Route.useNavigate();
  const change = useCallback(
    (to: LedgerChange) => void navigate({ search: (before) => readSearch({ ...before, ...to }), replace: !('row' in to), resetScroll: false }),
    [navigate],
  );
  return <LedgerPage search={search} change={change} />;
}
