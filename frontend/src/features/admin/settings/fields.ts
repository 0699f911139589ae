import type { AdminSettingsQuery, UpdateSettingsInput } from '../../../graphql/graphql.ts';
import { formatUnits, parseAmount, type Units, unitsOf } from '../../../shared/money.ts';

export type Values = AdminSettingsQuery['settings'];
export type Name = keyof Values & keyof UpdateSettingsInput;

/** What a setting is: a rate or factor without a unit, dollars, or whole hours or seconds. */
export interface Field {
  readonly name: Name;
  readonly kind: 'number' | 'usd' | 'hours' | 'seconds';
  readonly least: string;
  readonly most: string;
  /** Whether the least, or the most, is not a value itself. */
  readonly above?: true;
  readonly below?: true;
}

const field = (name: Name, kind: Field['kind'], least: string, most: string, more: Pick<Field, 'above' | 'below'> = {}): Field => ({ name, kind, least, most, ...more });

/** The settings, by what they are about, with the ranges that the server takes. */
export const groups = {
  money: [
    field('depositFeeRate', 'number', '0', '1', { below: true }),
    field('unconfirmedTrustLimit', 'usd', '0', '1000000000'),
    field('clawbackGraceHours', 'hours', '0', '8760'),
    field('priceMarkup', 'number', '0', '1000', { above: true }),
  ],
  weights: [field('costWeight', 'number', '0', '1'), field('performanceWeight', 'number', '0', '1'), field('reliabilityWeight', 'number', '0', '1')],
  penalties: [
    field('platformOwnedFactor', 'number', '0', '1', { above: true }),
    field('lowQuotaFactor', 'number', '0', '1', { above: true }),
    field('lowQuotaThreshold', 'usd', '0', '1000000000'),
    field('usedRecentlyFactor', 'number', '0', '1', { above: true }),
    field('usedRecentlySeconds', 'seconds', '0', '86400'),
  ],
} as const satisfies Readonly<Record<string, readonly Field[]>>;

export const fields: readonly Field[] = [...groups.money, ...groups.weights, ...groups.penalties];

/** What is typed, by setting; what was not touched is not there. */
export type Typed = Readonly<Partial<Record<Name, string>>>;

/** Writes a value as people type it. A Float of the API has at most 9 places. */
export function written(values: Values, { name }: Field): string {
  const value = values[name];
  return typeof value === 'number' ? formatUnits(BigInt(Math.round(value * 1e9))) : value;
}

/** What is in the field. */
export const shown = (values: Values, typed: Typed, one: Field): string => typed[one.name] ?? written(values, one);

export type Fault = 'number' | 'whole' | 'range';

/** What is wrong with a text, if anything. */
export function faultOf(text: string, { kind, least, most, above, below }: Field): Fault | undefined {
  const units = parseAmount(text);
  if (units === undefined) {
    return 'number';
  }
  if (units < unitsOf(least) || units > unitsOf(most) || (above === true && units === unitsOf(least)) || (below === true && units === unitsOf(most))) {
    return 'range';
  }
  return (kind === 'hours' || kind === 'seconds') && units % unitsOf('1') !== 0n ? 'whole' : undefined;
}

/** The sum of the weights as they are typed, exactly; undefined where one is no number. */
export function weightSum(values: Values, typed: Typed): Units | undefined {
  let sum = 0n;
  for (const one of groups.weights) {
    const units = parseAmount(shown(values, typed, one));
    if (units === undefined) {
      return undefined;
    }
    sum += units;
  }
  return sum;
}

export const one: Units = unitsOf('1');

/** The settings that would change. */
export function changed(values: Values, typed: Typed): readonly Field[] {
  return fields.filter((each) => {
    const text = typed[each.name];
    return text !== undefined && parseAmount(text) !== unitsOf(written(values, each));
  });
}

/** Whether all of it can be saved. */
export function sound(values: Values, typed: Typed): boolean {
  return fields.every((each) => faultOf(shown(values, typed, each), each) === undefined) && weightSum(values, typed) === one;
}

/** The change as the API takes it: amounts as text, the rest as numbers. */
export function patchOf(values: Values, typed: Typed): UpdateSettingsInput {
  return Object.fromEntries(
    changed(values, typed).map((each) => {
      const text = formatUnits(unitsOf(shown(values, typed, each)));
      return [each.name, each.kind === 'usd' ? text : Number(text)];
    }),
  );
}
