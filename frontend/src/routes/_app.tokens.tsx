import { createFileRoute } from '@tanstack/react-router';
import { Page } from '../shared/ui/page.tsx';

export const Route = createFileRoute('/_app/tokens')({ component: Tokens });

function Tokens() {
  return <Page title="Tokens">{null}</Page>;
}
