import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { Program, freeAddress } from '../../e2e/program.ts';
import { admin, bring, price } from './people.ts';

/**
 * Starts the program on a folder of its own, with a sandbox in the place of the providers, unless POOL_E2E_URL and
 * POOL_E2E_SANDBOX_URL name ones that run already. Returns what stops them.
 */
export default async function start(): Promise<(() => Promise<void>) | undefined> {
  if (process.env['POOL_E2E_URL'] !== undefined) {
    return undefined;
  }
  const [address, upstream] = [await freeAddress(), await freeAddress()];
  const folder = await mkdtemp(path.join(tmpdir(), 'resourcepool-e2e-'));
  const programs = [
    new Program('sandbox', ['--listen', upstream, '--length', '24']),
    new Program('serve', [], {
      HOME: folder,
      POOL_LISTEN: address,
      POOL_DATA_DIR: folder,
      POOL_ADMIN_EMAIL: admin.email,
      POOL_ADMIN_PASSWORD: admin.password,
      POOL_SIGNUPS_PER_HOUR: '0',
      POOL_PROVIDER_URLS: `openai=http://${upstream}/v1,anthropic=http://${upstream}/v1,deepseek=http://${upstream}`,
    }),
  ];
  const stop = async () => {
    await Promise.all(programs.map((program) => program.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  process.env['POOL_E2E_URL'] = `http://${address}`;
  process.env['POOL_E2E_SANDBOX_URL'] = `http://${upstream}`;
  try {
    await programs[0]?.ready(`http://${upstream}/sandbox/totals`);
    await programs[1]?.ready(`http://${address}/readyz`);
    await price('gpt-4');
    await bring('sk-platform-of-the-pages', '100000');
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
