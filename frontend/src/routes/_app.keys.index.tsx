import { createFileRoute } from '@tanstack/react-router';
import { Page } from '../shared/ui/page.tsx';

export const Route = createFileRoute('/_app/keys/')({ component: Keys });

function Keys() {
  return <Page title="Keys">{null}</Page>;
}
