import { describe, expect, it } from 'vitest';
import { emptyForm, faultsOf, fieldOf, inputOf, isNetwork, stateOf } from './token-form.ts';

const now = new Date(2026, 10, 25, 12);
const named = { ...emptyForm, name: 'CI' };

describe('faultsOf', () => {
  it('takes a name alone', () => expect(faultsOf(named, now)).toEqual({}));
  it.each([
    [{ ...named, name: '  ' }, { name: 'nameMissing' }],
    [{ ...named, spendLimit: '1e3' }, { spendLimit: 'limitInvalid' }],
    [{ ...named, spendLimit: '-1' }, { spendLimit: 'limitInvalid' }],
    [{ ...named, spendLimit: '0.0000000001' }, { spendLimit: 'limitInvalid' }],
    [{ ...named, spendLimitPeriod: 'DAY' as const }, { spendLimit: 'periodAlone' }],
    [{ ...named, lastDay: '2026-02-30' }, { lastDay: 'dayInvalid' }],
    [{ ...named, lastDay: '2026-11-24' }, { lastDay: 'dayPast' }],
    [{ ...named, networks: ['10.0.0.0/8', 'office'] }, { networks: 'networkInvalid' }],
  ])('finds the fault of %j', (form, faults) => expect(faultsOf(form, now)).toEqual(faults));
  it('takes today as the last day', () => expect(faultsOf({ ...named, lastDay: '2026-11-25' }, now)).toEqual({}));
});

it.each(['192.0.2.1', '10.0.0.0/8', '2001:db8::/32', '::1', '::ffff:192.0.2.1'])('knows %s for a network', (text) => expect(isNetwork(text)).toBe(true));
it.each(['', 'office', '10.0.0', '10.0.0.256', '10.0.0.0/33', '1.2.3.4/8/8', '2001:db8::/129', 'a:b<script>'])('knows %j for none', (text) => expect(isNetwork(text)).toBe(false));

it('sends nothing for what is left empty, and amounts as they were typed', () => {
  expect(inputOf(named)).toEqual({ name: 'CI', models: null, scopes: null, networks: null, spendLimit: null, spendLimitPeriod: null, expiresAt: null });
  const input = inputOf({ ...named, spendLimit: ' 9007199254740993.10 ', spendLimitPeriod: 'MONTH', lastDay: '2026-12-01', models: ['gpt-4'] });
  expect(input).toMatchObject({ spendLimit: '9007199254740993.1', spendLimitPeriod: 'MONTH', models: ['gpt-4'] });
  expect(input.expiresAt).toBe(new Date(2026, 11, 1, 23, 59, 59).toISOString());
});

it.each([
  ['input.expiresAt', 'lastDay'],
  ['input.networks[0]', 'networks'],
  ['input.other', undefined],
  [undefined, undefined],
])('finds the field of %s', (argument, field) => expect(fieldOf(argument)).toBe(field));

it('tells what has become of a token', () => {
  expect(stateOf({}, now)).toBe('active');
  expect(stateOf({ expiresAt: now.toISOString() }, now)).toBe('expired');
  expect(stateOf({ expiresAt: now.toISOString(), revokedAt: now.toISOString() }, now)).toBe('revoked');
});
