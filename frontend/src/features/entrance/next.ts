const somewhere = 'http://here.invalid';

/** Where to go after signing in: a path of this app, whatever the address says, since anybody can make an address. */
export function localPath(next: string | undefined): string {
  // What a browser reads as another host begins with two slashes of either kind, however they are hidden.
  if (next === undefined || !/^\/(?![/\\])[^\s\\]*$/u.test(next)) {
    return '/home';
  }
  const to = URL.parse(next, somewhere);
  return to === null || to.origin !== somewhere || to.pathname.startsWith('//') || to.pathname === '/sign-in' ? '/home' : to.pathname + to.search + to.hash;
}
