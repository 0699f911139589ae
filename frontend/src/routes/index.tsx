import { createFileRoute } from '@tanstack/react-router';
import { Page } from '../shared/ui/page.tsx';

export const Route = createFileRoute('/')({ component: Landing });

function Landing() {
  return <Page title="Landing">{null}</Page>;
}
