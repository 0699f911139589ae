import { createFileRoute } from '@tanstack/react-router';
import { Page } from '../shared/ui/page.tsx';

export const Route = createFileRoute('/_app/usage')({ component: Usage });

function Usage() {
  return <Page title="Usage">{null}</Page>;
}
