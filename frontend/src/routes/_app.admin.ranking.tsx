import { createFileRoute } from '@tanstack/react-router';
import { Page } from '../shared/ui/page.tsx';

export const Route = createFileRoute('/_app/admin/ranking')({ component: Ranking });

function Ranking() {
  return <Page title="Ranking">{null}</Page>;
}
