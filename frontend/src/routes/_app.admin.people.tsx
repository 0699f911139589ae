import { createFileRoute } from '@tanstack/react-router';
import { Page } from '../shared/ui/page.tsx';

export const Route = createFileRoute('/_app/admin/people')({ component: People });

function People() {
  return <Page title="People">{null}</Page>;
}
