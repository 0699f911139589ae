import { createFileRoute } from '@tanstack/react-router';
import { ResetPassword } from '../features/entrance/reset-password.tsx';

export const Route = createFileRoute('/reset-password')({
  validateSearch: ({ token }: Record<string, unknown>): { token?: string } => (typeof token === 'string' ? { token } : {}),
  component: Start,
});

function Start() {
  return <ResetPassword {...Route.useSearch()} />;
}
