import { createFileRoute } from '@tanstack/react-router';
import { Page } from '../shared/ui/page.tsx';

export const Route = createFileRoute('/_app/keys/$id')({ component: Key });

function Key() {
  return <Page title="Key">{null}</Page>;
}
