import { createFileRoute } from '@tanstack/react-router';
import { Landing } from '../features/landing/landing.tsx';

export const Route = createFileRoute('/')({
  validateSearch: (search: Record<string, unknown>): { q?: string } => (typeof search['q'] === 'string' && search['q'] !== '' ? { q: search['q'] } : {}),
  component: Start,
});

function Start() {
  const { q = '' } = Route.useSearch();
  const navigate = Route.useNavigate();
  return <Landing text={q} look={(text) => void navigate({ search: text === '' ? {} : { q: text }, replace: true, resetScroll: false })} />;
}
