import { describe, expect, it } from 'vitest';
import { cell, csv } from './csv.ts';
import { ledgerFile } from './export.ts';
import { row, use } from './testing.ts';

describe('cell', () => {
  it.each(['=1+1', '+1+1', '-1+1', '@SUM(A1)', '\tx', '＝1'])('keeps %j from being a formula', (text) => {
    expect(cell(text)).toBe(`'${text}`);
  });
  it.each([
    ['\rx', '"\'\rx"'],
    ['=HYPERLINK("x")', '"\'=HYPERLINK(""x"")"'],
    ['-', "'-"],
    ['a, b', '"a, b"'],
    ['say "so"', '"say ""so"""'],
    ['two\nlines', '"two\nlines"'],
    ['-0.05', '-0.05'],
    ['', ''],
    ['a=b', 'a=b'],
  ])('writes %j', (text, written) => {
    expect(cell(text)).toBe(written);
  });
});

it('ends every line as RFC 4180 says', () => {
  expect(csv([['a', 'b'], ['1', '2']])).toBe('a,b\r\n1,2\r\n');
});

it('writes the rows that are shown, exactly', () => {
  const text = ledgerFile(
    [
      row(2, { use: { ...use, user: { id: 'usr_tom', displayName: '=cmd' } }, person: { id: 'usr_tom', name: '=cmd' } }),
      { id: 'txn_1', seq: 1n, kind: 'GRANT', at: '2026-01-01T00:00:00Z', memo: '@x', postings: [], person: { id: 'usr_tom' }, credits: '-5' },
    ],
    new Map([['usr_tom', { name: 'Tom' }]]),
  );
  const lines = text.split('\r\n');
  expect(lines).toHaveLength(4);
  expect(lines[1]).toBe("2,2026-01-01T12:34:56.902Z,USAGE,'=cmd,usr_tom,Bob,Bob’s key,res_bob,gpt-4,2000,1000,0.05,10,9.95,lowest_cost,gpt-4");
  expect(lines[2]).toBe("1,2026-01-01T00:00:00Z,GRANT,Tom,usr_tom,,,,,,,,-5,,,'@x");
});
