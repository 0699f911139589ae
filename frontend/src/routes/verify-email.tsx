import { createFileRoute } from '@tanstack/react-router';
import { VerifyEmail } from '../features/entrance/verify-email.tsx';

export const Route = createFileRoute('/verify-email')({
  validateSearch: ({ token }: Record<string, unknown>): { token?: string } => (typeof token === 'string' ? { token } : {}),
  component: Start,
});

function Start() {
  return <VerifyEmail {...Route.useSearch()} />;
}
