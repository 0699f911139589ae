import { createFileRoute, redirect } from '@tanstack/react-router';
import { Shell } from '../app/shell.tsx';
import { ViewerDocument } from '../graphql/graphql.ts';

// Everything below is for who is signed in.
export const Route = createFileRoute('/_app')({
  beforeLoad: async ({ context, location }) => {
    const { data, error } = await context.api.client.query(ViewerDocument, {}, { requestPolicy: 'cache-first' }).toPromise();
    if (error !== undefined && data === undefined) {
      throw error;
    }
    if (data?.viewer == null) {
      throw redirect({ to: '/sign-in', search: { next: location.href } });
    }
    return { viewer: data.viewer };
  },
  component: SignedIn,
});

function SignedIn() {
  const { viewer } = Route.useRouteContext();
  return <Shell viewer={viewer} />;
}
