import { createFileRoute } from '@tanstack/react-router';
import { Page } from '../shared/ui/page.tsx';

export const Route = createFileRoute('/reset-password')({ component: ResetPassword });

function ResetPassword() {
  return <Page title="ResetPassword">{null}</Page>;
}
