import { createFileRoute } from '@tanstack/react-router';
import { Page } from '../shared/ui/page.tsx';

export const Route = createFileRoute('/_app/admin/prices')({ component: Prices });

function Prices() {
  return <Page title="Prices">{null}</Page>;
}
