import { createFileRoute } from '@tanstack/react-router';
import { KeysPage } from '../features/keys/keys-page.tsx';
import { keysSearch } from '../features/keys/search.ts';

export const Route = createFileRoute('/_app/keys/')({ validateSearch: keysSearch, component: Keys });

function Keys() {
  const navigate = Route.useNavigate();
  return <KeysPage search={Route.useSearch()} go={(search) => void navigate({ search, resetScroll: false })} />;
}
