import type { Viewer } from './viewer.tsx';

/** Whether who is signed in made a request; the API lists requests on their keys beside those that they made. */
export function isOwn(request: { readonly user: { readonly id: string } | null }, viewer: Pick<Viewer, 'id'>): boolean {
  return request.user?.id === viewer.id;
}
