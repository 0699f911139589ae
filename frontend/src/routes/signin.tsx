import { createFileRoute, redirect } from '@tanstack/react-router';

// Where the server ends a single sign-on that came to nothing.
export const Route = createFileRoute('/signin')({
  validateSearch: ({ error }: Record<string, unknown>): { error?: string } => (typeof error === 'string' ? { error } : {}),
  beforeLoad: ({ search }) => {
    throw redirect({ to: '/sign-in', search, replace: true });
  },
});
