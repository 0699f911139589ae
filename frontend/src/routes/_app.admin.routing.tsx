import { createFileRoute } from '@tanstack/react-router';
import { Page } from '../shared/ui/page.tsx';

export const Route = createFileRoute('/_app/admin/routing')({ component: Routing });

function Routing() {
  return <Page title="Routing">{null}</Page>;
}
