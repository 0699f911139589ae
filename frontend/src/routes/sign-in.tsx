import { createFileRoute } from '@tanstack/react-router';
import { SignIn } from '../features/entrance/sign-in.tsx';

export const Route = createFileRoute('/sign-in')({
  validateSearch: (search: Record<string, unknown>): { next?: string } => (typeof search['next'] === 'string' ? { next: search['next'] } : {}),
  component: Start,
});

function Start() {
  return <SignIn {...Route.useSearch()} />;
}
