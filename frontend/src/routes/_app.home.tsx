import { createFileRoute } from '@tanstack/react-router';
import { Page } from '../shared/ui/page.tsx';

export const Route = createFileRoute('/_app/home')({ component: Home });

function Home() {
  return <Page title="Home">{null}</Page>;
}
