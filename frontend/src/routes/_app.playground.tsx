import { createFileRoute } from '@tanstack/react-router';
import { Page } from '../shared/ui/page.tsx';

export const Route = createFileRoute('/_app/playground')({ component: Playground });

function Playground() {
  return <Page title="Playground">{null}</Page>;
}
