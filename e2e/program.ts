import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import path from 'node:path';

const binary = path.resolve(import.meta.dirname, '../bin/resourcepool');
const startLimit = 60_000;
const stopLimit = 30_000;

/** A command of the built program that runs beside the tests. */
export class Program {
  readonly #process: ChildProcess;
  #failed: Error | undefined;

  constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#process = spawn(binary, [command, ...args], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    this.#process.once('error', (error) => {
      this.#failed = error;
    });
  }

  /** Waits until the address answers. */
  async ready(url: string): Promise<void> {
    const giveUp = Date.now() + startLimit;
    while (Date.now() < giveUp) {
      if (this.#failed !== undefined) {
        throw new Error(`${binary} does not start; run \`make build\` first`, { cause: this.#failed });
      }
      if (this.#process.exitCode !== null) {
        throw new Error(`the program ended with ${this.#process.exitCode}`);
      }
      const up = await fetch(url).then(
        (answer) => answer.ok,
        () => false,
      );
      if (up) {
        return;
      }
      await new Promise((after) => setTimeout(after, 50));
    }
    throw new Error(`${url} does not answer`);
  }

  /** Ends the program and waits for it. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.pid === undefined) {
      return;
    }
    const exited = new Promise((exit) => this.#process.once('exit', exit));
    const killer = setTimeout(() => this.#process.kill('SIGKILL'), stopLimit);
    this.#process.kill('SIGTERM');
    await exited;
    clearTimeout(killer);
  }
}

/** An address of this machine where nothing listens yet. */
export async function freeAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((listening) => {
    server.listen(0, '127.0.0.1', listening);
  });
  const address = server.address();
  await new Promise((closed) => {
    server.close(closed);
  });
  if (address === null || typeof address === 'string') {
    throw new Error('no free port');
  }
  return `127.0.0.1:${address.port}`;
}
