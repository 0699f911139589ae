import { createFileRoute } from '@tanstack/react-router';
import { Page } from '../shared/ui/page.tsx';

export const Route = createFileRoute('/_app/admin/')({ component: Overview });

function Overview() {
  return <Page title="Overview">{null}</Page>;
}
