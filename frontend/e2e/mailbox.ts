import { createServer, type Server, type Socket } from 'node:net';

/** A mail server that keeps what it is sent. */
export class Mailbox {
  readonly #texts: string[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer((socket) => this.#converse(socket));
  }

  /** Starts it and returns its address. */
  async listen(): Promise<string> {
    await new Promise<void>((listening) => {
      this.#server.listen(0, '127.0.0.1', listening);
    });
    const address = this.#server.address();
    if (address === null || typeof address === 'string') {
      throw new Error('no port');
    }
    return `127.0.0.1:${address.port}`;
  }

  /** The path and query of the last link to a page that came. */
  link(page: string): string | undefined {
    return this.#texts.findLast((text) => text.includes(page))?.match(new RegExp(`${page}\\?\\S+`, 'u'))?.[0];
  }

  close(): void {
    this.#server.close();
  }

  #converse(socket: Socket): void {
    let kept = '';
    let writing = false;
    const say = (line: string) => socket.write(`${line}\r\n`);
    socket.setEncoding('utf8');
    socket.on('error', () => socket.destroy());
    socket.on('data', (piece: string) => {
      kept += piece;
      for (let end = kept.indexOf(writing ? '\r\n.\r\n' : '\r\n'); end >= 0; end = kept.indexOf(writing ? '\r\n.\r\n' : '\r\n')) {
        const part = kept.slice(0, end);
        kept = kept.slice(end + (writing ? 5 : 2));
        if (writing) {
          writing = false;
          this.#texts.push(plain(part));
          say('250 kept');
        } else if (/^data/iu.test(part)) {
          writing = true;
          say('354 go on');
        } else if (/^quit/iu.test(part)) {
          say('221 bye');
          socket.end();
        } else {
          say('250 localhost');
        }
      }
    });
    say('220 localhost');
  }
}

/** Undoes quoted-printable, which our mails are written in. */
function plain(mail: string): string {
  return mail.replaceAll('=\r\n', '').replaceAll(/=([0-9A-F]{2})/gu, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
