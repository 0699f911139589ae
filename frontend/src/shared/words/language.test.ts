import { describe, expect, it } from 'vitest';
import { languageOf } from './language.ts';

describe('languageOf', () => {
  it.each([
    [['zh-CN', 'en'], 'zh'],
    [['ZH-hant-TW'], 'zh'],
    [['en-GB', 'zh'], 'en'],
    [['fr', 'zh-CN'], 'zh'],
    [['fr'], 'en'],
    [[], 'en'],
  ] as const)('picks for %j: %s', (preferred, want) => {
    expect(languageOf(preferred)).toBe(want);
  });
});
