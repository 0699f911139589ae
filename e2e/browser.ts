/** A browser for pages that are forms and redirects: it keeps cookies of each origin and goes where it is sent. */
export class Browser {
  readonly #cookies = new Map<string, Map<string, string>>();

  /** Asks for one address and follows nothing. */
  async ask(url: string, init: RequestInit = {}): Promise<Response> {
    const origin = new URL(url).origin;
    const jar = this.#cookies.get(origin) ?? new Map<string, string>();
    this.#cookies.set(origin, jar);
    const headers = new Headers(init.headers);
    headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '));
    const answer = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const cookie of answer.headers.getSetCookie()) {
      const [pair = '', ...attributes] = cookie.split(';');
      const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      const expires = attributes.map((text) => /^ *expires=(.*)$/iu.exec(text)?.[1]).find((text) => text !== undefined);
      const over = attributes.some((text) => /^ *max-age=0$/iu.test(text)) || (expires !== undefined && Date.parse(expires) < Date.now());
      if (over) {
        jar.delete(name);
      } else {
        jar.set(name, value);
      }
    }
    return answer;
  }

  /** Follows redirects until there is a page, or until the next address is one that the caller wants to see first. */
  async go(url: string, stop: (next: string) => boolean = () => false): Promise<{ url: string; page: string }> {
    let at = url;
    for (let hops = 0; hops < 20; hops += 1) {
      if (stop(at)) {
        return { url: at, page: '' };
      }
      const answer = await this.ask(at);
      const to = answer.headers.get('location');
      if (to === null) {
        return { url: at, page: await answer.text() };
      }
      at = new URL(to, at).href;
    }
    throw new Error(`${url} leads nowhere`);
  }

  /** Sends the form of a page, and returns where that leads. */
  async submit(page: { url: string; page: string }, fields: Readonly<Record<string, string>>): Promise<string> {
    const action = /<form[^>]* action="([^"]+)"/u.exec(page.page)?.[1];
    if (action === undefined) {
      throw new Error(`${page.url} has no form: ${page.page.slice(0, 500)}`);
    }
    const answer = await this.ask(new URL(action, page.url).href, { method: 'POST', body: new URLSearchParams(fields) });
    const to = answer.headers.get('location');
    if (to === null) {
      throw new Error(`${action} answers ${answer.status}: ${await answer.text()}`);
    }
    return new URL(to, page.url).href;
  }
}
