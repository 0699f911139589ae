/**
 * Starts the built program with a Postgres of its own and a sandbox in the place of every provider, then runs all tests
 * against them: the official clients as people use them, and nothing between them and the program.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { admin, open } from './pool.ts';
import { length } from './question.ts';
import { freeAddress, Program } from './program.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'resourcepool-sdk-'));
const [address, upstream] = [await freeAddress(), await freeAddress()];
const programs = [
  new Program('sandbox', ['--listen', upstream, '--length', String(length), '--cache', '--recording', '10000']),
  new Program('serve', [], {
    HOME: folder,
    POOL_LISTEN: address,
    POOL_DATA_DIR: folder,
    POOL_ADMIN_EMAIL: admin.email,
    POOL_ADMIN_PASSWORD: admin.password,
    POOL_SIGNUPS_PER_HOUR: '0',
    POOL_PROVIDER_URLS: [
      `openai=http://${upstream}/v1`,
      `anthropic=http://${upstream}/v1`,
      `gemini=http://${upstream}/v1beta`,
      `deepseek=http://${upstream}`,
    ].join(','),
  }),
];
try {
  await programs[0]?.ready(`http://${upstream}/sandbox/totals`);
  await programs[1]?.ready(`http://${address}/readyz`);
  process.env['POOL_E2E_URL'] = `http://${address}`;
  process.env['POOL_E2E_SANDBOX_URL'] = `http://${upstream}`;
  await open();
  process.exitCode = await test(process.argv.slice(2));
} finally {
  await Promise.all(programs.map((program) => program.stop()));
  await rm(folder, { recursive: true, force: true });
}

/** Runs node's own test runner, on the files named or all of them, and returns its exit code. */
async function test(named: readonly string[]): Promise<number> {
  const files = named.length > 0 ? named : (await readdir(import.meta.dirname)).filter((name) => name.endsWith('.test.ts'));
  const runner = spawn(process.execPath, ['--import', 'tsx', '--test', '--test-reporter', 'spec', ...files], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((exit) => {
    runner.once('exit', (code) => {
      exit(code ?? 1);
    });
  });
}
