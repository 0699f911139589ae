import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

function* files(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) {
      yield* files(path);
    } else if (/\.tsx?$/u.test(name)) {
      yield path;
    }
  }
}

// shared → features → routes and app: nothing reaches up, and features know nothing of each other.
it('holds the layers', () => {
  const breaches: string[] = [];
  for (const path of files(root)) {
    const [layer = '', feature = ''] = relative(root, path).split('/');
    for (const [, imported = ''] of readFileSync(path, 'utf8').matchAll(/from '(\.[^']+)'/gu)) {
      const [into = '', other = ''] = relative(root, join(path, '..', imported)).split('/');
      const upward = layer === 'shared' && ['features', 'routes', 'app'].includes(into);
      const sideways = layer === 'features' && (['routes', 'app'].includes(into) || (into === 'features' && other !== feature));
      if (upward || sideways) {
        breaches.push(`${relative(root, path)} imports ${imported}`);
      }
    }
  }
  expect(breaches).toEqual([]);
});
