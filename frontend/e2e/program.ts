import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

const binary = path.resolve(import.meta.dirname, '../../bin/resourcepool');
const startLimit = 60_000;
const stopLimit = 30_000;

/**
 * Starts the program on a folder of its own, unless POOL_E2E_URL names one that runs already. Returns what stops it.
 */
export default async function start(): Promise<(() => Promise<void>) | undefined> {
  if (process.env['POOL_E2E_URL'] !== undefined) {
    return undefined;
  }
  const address = `127.0.0.1:${await freePort()}`;
  const folder = await mkdtemp(path.join(tmpdir(), 'resourcepool-e2e-'));
  const program = spawn(binary, ['serve'], {
    env: { PATH: process.env['PATH'], HOME: folder, POOL_LISTEN: address, POOL_DATA_DIR: folder },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const stop = async () => {
    await ended(program);
    await rm(folder, { recursive: true, force: true });
  };
  process.env['POOL_E2E_URL'] = `http://${address}`;
  try {
    await ready(program, `http://${address}/readyz`);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

async function freePort(): Promise<number> {
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
  return address.port;
}

async function ready(program: ChildProcess, url: string): Promise<void> {
  let failed: Error | undefined;
  program.once('error', (error) => {
    failed = error;
  });
  const giveUp = Date.now() + startLimit;
  while (Date.now() < giveUp) {
    if (failed !== undefined) {
      throw new Error(`${binary} does not start; run \`make build\` first`, { cause: failed });
    }
    if (program.exitCode !== null) {
      throw new Error(`the program ended with ${program.exitCode}`);
    }
    // oxlint-disable-next-line no-await-in-loop -- one try after the other is the point
    const up = await fetch(url).then(
      (answer) => answer.ok,
      () => false,
    );
    if (up) {
      return;
    }
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((after) => {
      setTimeout(after, 100);
    });
  }
  throw new Error(`${url} does not answer`);
}

async function ended(program: ChildProcess): Promise<void> {
  if (program.exitCode !== null || program.pid === undefined) {
    return;
  }
  const exited = new Promise((exit) => {
    program.once('exit', exit);
  });
  const killer = setTimeout(() => program.kill('SIGKILL'), stopLimit);
  program.kill('SIGTERM');
  await exited;
  clearTimeout(killer);
}
