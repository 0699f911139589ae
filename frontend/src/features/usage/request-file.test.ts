import { expect, it } from 'vitest';
import { requestFile } from './request-file.ts';
import { failed, request } from './testing.ts';

it('writes requests exactly, and nothing that a spreadsheet would run', () => {
  const lines = requestFile([{ ...request, requestedModel: '=cmd|x', creditsCharged: '9007199254740993.000000001' }, { ...failed, model: '@a,b' }]).split('\r\n');
  expect(lines).toHaveLength(4);
  expect(lines[1]).toBe("2026-01-01T12:34:56.902Z,use_1,SUCCEEDED,gpt-4,'=cmd|x,chat,2000,0,1000,420,false,false,9007199254740993.000000001,");
  expect(lines[2]).toBe(`2026-01-01T12:34:56.902Z,use_2,FAILED,"'@a,b",gpt-4,chat,2000,0,0,420,false,false,0,UPSTREAM_FAILED`);
});
