import { createFileRoute } from '@tanstack/react-router';
import { Page } from '../shared/ui/page.tsx';

export const Route = createFileRoute('/sign-up')({ component: SignUp });

function SignUp() {
  return <Page title="SignUp">{null}</Page>;
}
