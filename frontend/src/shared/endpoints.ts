/** The addresses of the API of the server that this page came from. */
export function endpoints(page: { readonly protocol: string; readonly host: string }) {
  const secure = page.protocol === 'https:';
  return {
    http: `${page.protocol}//${page.host}/graphql`,
    socket: `${secure ? 'wss' : 'ws'}://${page.host}/graphql`,
  } as const;
}
