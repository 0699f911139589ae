import { createFileRoute } from '@tanstack/react-router';
import { Page } from '../shared/ui/page.tsx';

export const Route = createFileRoute('/_app/admin/resources')({ component: Resources });

function Resources() {
  return <Page title="Resources">{null}</Page>;
}
