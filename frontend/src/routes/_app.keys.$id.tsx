import { createFileRoute } from '@tanstack/react-router';
import { KeyPage } from '../features/keys/key-page.tsx';
import { keySearch } from '../features/keys/search.ts';

export const Route = createFileRoute('/_app/keys/$id')({ validateSearch: keySearch, component: Key });

function Key() {
  const { id } = Route.useParams();
  const navigate = Route.useNavigate();
  return <KeyPage key={id} id={id} search={Route.useSearch()} go={(search) => void navigate({ search, resetScroll: false })} />;
}
