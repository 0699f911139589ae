import { createFileRoute } from '@tanstack/react-router';
import { Tokens, type TokensView } from '../features/tokens/tokens.tsx';

export const Route = createFileRoute('/_app/tokens')({
  validateSearch: (search: Record<string, unknown>): TokensView => ({
    ...(search['create'] === true ? { create: true } : {}),
    ...(search['ended'] === true ? { ended: true } : {}),
  }),
  component: TokensPage,
});

function TokensPage() {
  const view = Route.useSearch();
  const navigate = Route.useNavigate();
  const look = ({ create, ended }: TokensView) => void navigate({ search: { ...(create === true ? { create } : {}), ...(ended === true ? { ended } : {}) } });
  return <Tokens view={view} look={look} />;
}
