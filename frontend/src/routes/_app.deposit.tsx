import { createFileRoute } from '@tanstack/react-router';
import { Page } from '../shared/ui/page.tsx';

export const Route = createFileRoute('/_app/deposit')({ component: Deposit });

function Deposit() {
  return <Page title="Deposit">{null}</Page>;
}
