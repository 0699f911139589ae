import { createFileRoute } from '@tanstack/react-router';
import { Page } from '../shared/ui/page.tsx';

export const Route = createFileRoute('/verify-email')({ component: VerifyEmail });

function VerifyEmail() {
  return <Page title="VerifyEmail">{null}</Page>;
}
