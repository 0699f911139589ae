import { createFileRoute } from '@tanstack/react-router';
import { SettingsPage } from '../features/admin/settings/settings-page.tsx';

export const Route = createFileRoute('/_app/admin/settings')({ component: SettingsPage });
