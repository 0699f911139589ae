import { createFileRoute } from '@tanstack/react-router';
import { Page } from '../shared/ui/page.tsx';

export const Route = createFileRoute('/_app/admin/settings')({ component: Settings });

function Settings() {
  return <Page title="Settings">{null}</Page>;
}
