import { expect, it } from 'vitest';
import { addPage } from './use-pages.ts';

const row = (id: string) => ({ id });

it('adds pages in order and repeats nothing', () => {
  const one = addPage(undefined, { list: 'a', after: null, rows: [row('3'), row('2')], next: 'c2' });
  const two = addPage(one, { list: 'a', after: 'c2', rows: [row('3'), row('2'), row('1')], next: null });
  expect(two).toEqual({ list: 'a', rows: [row('3'), row('2'), row('1')], next: null });
});

it('begins anew with another list, and with the first page', () => {
  const known = { list: 'a', rows: [row('1')], next: null };
  expect(addPage(known, { list: 'b', after: null, rows: [row('9')], next: null }).rows).toEqual([row('9')]);
  expect(addPage(known, { list: 'a', after: null, rows: [row('2'), row('1')], next: null }).rows).toEqual([row('2'), row('1')]);
});
