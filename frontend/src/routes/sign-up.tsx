import { createFileRoute } from '@tanstack/react-router';
import { SignUp } from '../features/entrance/sign-up.tsx';

export const Route = createFileRoute('/sign-up')({
  // The link of an invitation has both.
  validateSearch: ({ email, invite }: Record<string, unknown>): { email?: string; invite?: string } => ({
    ...(typeof email === 'string' ? { email } : {}),
    ...(typeof invite === 'string' || typeof invite === 'number' ? { invite: String(invite) } : {}),
  }),
  component: Start,
});

function Start() {
  return <SignUp {...Route.useSearch()} />;
}
