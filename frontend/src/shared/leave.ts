/** Loads another page from the server: the next one starts with an empty cache, and the socket of this one ends. */
export function leave(to: string) {
  window.location.assign(to);
}
