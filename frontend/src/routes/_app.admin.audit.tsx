import { createFileRoute } from '@tanstack/react-router';
import { Page } from '../shared/ui/page.tsx';

export const Route = createFileRoute('/_app/admin/audit')({ component: Audit });

function Audit() {
  return <Page title="Audit">{null}</Page>;
}
