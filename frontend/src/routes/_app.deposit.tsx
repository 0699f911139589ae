import { createFileRoute } from '@tanstack/react-router';
import { DepositPage } from '../features/deposit/deposit-page.tsx';
import { depositSearch } from '../features/deposit/search.ts';

export const Route = createFileRoute('/_app/deposit')({ validateSearch: depositSearch, component: Deposit });

function Deposit() {
  return <DepositPage search={Route.useSearch()} />;
}
