import { createFileRoute } from '@tanstack/react-router';
import { DepositPage, depositSearch } from '../features/deposit/deposit-page.tsx';

export const Route = createFileRoute('/_app/deposit')({ validateSearch: depositSearch, component: Deposit });

function Deposit() {
  return <DepositPage search={Route.useSearch()} />;
}
