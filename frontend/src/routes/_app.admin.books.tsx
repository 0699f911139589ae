import { createFileRoute } from '@tanstack/react-router';
import { Page } from '../shared/ui/page.tsx';

export const Route = createFileRoute('/_app/admin/books')({ component: Books });

function Books() {
  return <Page title="Books">{null}</Page>;
}
