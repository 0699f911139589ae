import { createFileRoute } from '@tanstack/react-router';
import { Playground } from '../features/playground/playground.tsx';

export const Route = createFileRoute('/_app/playground')({
  validateSearch: (search: Record<string, unknown>): { readonly model?: string } => (typeof search['model'] === 'string' ? { model: search['model'] } : {}),
  component: PlaygroundPage,
});

function PlaygroundPage() {
  const { model } = Route.useSearch();
  const navigate = Route.useNavigate();
  return <Playground model={model} choose={(chosen) => void navigate({ search: { model: chosen }, replace: true })} />;
}
