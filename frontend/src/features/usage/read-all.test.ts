import { expect, it } from 'vitest';
import { readAll } from './read-all.ts';
import { request } from './testing.ts';

const page = (ids: readonly string[], next: string | null) => ({ edges: ids.map((id) => ({ cursor: id, node: { ...request, id } })), pageInfo: { hasNextPage: next !== null, endCursor: next } });
const pages = new Map([
  [null, page(['3', '2'], 'c')],
  ['c', page(['3', '2', '1'], null)],
]);
const ask = (after: string | null) => Promise.resolve(pages.get(after));
const nothing = () => {};

it('reads all pages, each request once', async () => {
  const told: number[] = [];
  const all = await readAll(ask, ({ id }) => id !== '2', 9, (n) => told.push(n));
  expect(all?.rows.map(({ id }) => id)).toEqual(['3', '1']);
  expect(all?.cut).toBe(false);
  expect(told).toEqual([1, 2]);
});

it('says where it stopped before the end, and where it could not read', async () => {
  expect((await readAll(ask, () => true, 1, nothing))?.cut).toBe(true);
  expect(await readAll(() => Promise.resolve(undefined), () => true, 9, nothing)).toBeUndefined();
});
