import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { Program, freeAddress } from '../../e2e/program.ts';

/**
 * Starts the program on a folder of its own, unless POOL_E2E_URL names one that runs already. Returns what stops it.
 */
export default async function start(): Promise<(() => Promise<void>) | undefined> {
  if (process.env['POOL_E2E_URL'] !== undefined) {
    return undefined;
  }
  const address = await freeAddress();
  const folder = await mkdtemp(path.join(tmpdir(), 'resourcepool-e2e-'));
  const program = new Program('serve', [], { HOME: folder, POOL_LISTEN: address, POOL_DATA_DIR: folder });
  const stop = async () => {
    await program.stop();
    await rm(folder, { recursive: true, force: true });
  };
  process.env['POOL_E2E_URL'] = `http://${address}`;
  try {
    await program.ready(`http://${address}/readyz`);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
