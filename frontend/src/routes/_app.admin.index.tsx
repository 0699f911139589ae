import { createFileRoute } from '@tanstack/react-router';
import { OverviewPage } from '../features/ledger/overview-page.tsx';
import { readPeriod } from '../features/ledger/period.ts';

export const Route = createFileRoute('/_app/admin/')({ validateSearch: readPeriod, component: Overview });

function Overview() {
  const { period = 'day' } = Route.useSearch();
  const navigate = Route.useNavigate();
  return <OverviewPage period={period} change={(next) => void navigate({ search: readPeriod({ period: next }), replace: true, resetScroll: false })} />;
}
