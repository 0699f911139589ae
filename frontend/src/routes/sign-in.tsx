import { createFileRoute } from '@tanstack/react-router';
import { SignIn } from '../features/entrance/sign-in.tsx';

export const Route = createFileRoute('/sign-in')({
  // Single sign-on says why it came to nothing.
  validateSearch: ({ next, error }: Record<string, unknown>): { next?: string; error?: string } => ({
    ...(typeof next === 'string' ? { next } : {}),
    ...(typeof error === 'string' ? { error } : {}),
  }),
  component: Start,
});

function Start() {
  return <SignIn {...Route.useSearch()} />;
}
