import { createFileRoute } from '@tanstack/react-router';
import { Page } from '../shared/ui/page.tsx';

export const Route = createFileRoute('/_app/admin/ledger')({ component: Ledger });

function Ledger() {
  return <Page title="Ledger">{null}</Page>;
}
