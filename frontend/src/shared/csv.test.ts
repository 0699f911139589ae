import { describe, expect, it } from 'vitest';
import { cell, csv } from './csv.ts';

describe('cell', () => {
  it.each(['=1+1', '+1+1', '-1', '@SUM(A1)', '\tx', '＝1', '-'])('keeps %j from being a formula', (text) => {
    expect(cell(text)).toBe(`'${text}`);
  });
  it.each([
    ['\rx', '"\'\rx"'],
    ['=HYPERLINK("x")', '"\'=HYPERLINK(""x"")"'],
    ['a, b', '"a, b"'],
    ['say "so"', '"say ""so"""'],
    ['two\nlines', '"two\nlines"'],
    ['0.05', '0.05'],
    ['', ''],
    ['a=b', 'a=b'],
    ['积分', '积分'],
  ])('writes %j', (text, written) => {
    expect(cell(text)).toBe(written);
  });
});

it('ends every line as RFC 4180 says', () => {
  expect(csv([['a', 'b'], ['1', '2']])).toBe('a,b\r\n1,2\r\n');
});
