import type { PricedModelFragment, SetModelPriceInput } from '../../../graphql/graphql.ts';
import { formatUnits, parseAmount, unitsOf } from '../../../shared/money.ts';
import type { PricesSearch } from './search.ts';

/** price − cost, exactly: 1 Credit stands for 1 USD. Undefined where one is no amount. */
export function margin(price: string, cost: string): string | undefined {
  const [charged, taken] = [parseAmount(price), parseAmount(cost)];
  return charged === undefined || taken === undefined ? undefined : formatUnits(charged - taken);
}

/** What a margin is of the price, in tenths of a per cent, rounded down; undefined where the price is 0. */
export function marginShare(price: string, cost: string): string | undefined {
  const [charged, taken] = [unitsOf(price), unitsOf(cost)];
  if (charged === 0n) {
    return undefined;
  }
  const tenths = ((charged - taken) * 1000n) / charged;
  const size = tenths < 0n ? -tenths : tenths;
  return `${tenths < 0n ? '−' : ''}${size / 10n}.${size % 10n} %`;
}

/** The form of a price. */
export interface Draft {
  readonly model: string;
  readonly provider: string;
  readonly inputCost: string;
  /** Empty: as the input. */
  readonly cachedInputCost: string;
  readonly outputCost: string;
  readonly inputPrice: string;
  readonly outputPrice: string;
  /** Empty: 0. */
  readonly minimumCharge: string;
}

export const amounts = ['inputCost', 'cachedInputCost', 'outputCost', 'inputPrice', 'outputPrice', 'minimumCharge'] as const;
export type AmountName = (typeof amounts)[number];
const optional: ReadonlySet<AmountName> = new Set<AmountName>(['cachedInputCost', 'minimumCharge']);

export function draftOf(model: PricedModelFragment | undefined): Draft {
  return {
    model: model?.name ?? '',
    provider: model?.provider ?? '',
    inputCost: model?.inputCostPerMillion ?? '',
    cachedInputCost: model?.cachedInputCostPerMillion ?? '',
    outputCost: model?.outputCostPerMillion ?? '',
    inputPrice: model?.inputPricePerMillion ?? '',
    outputPrice: model?.outputPricePerMillion ?? '',
    minimumCharge: model?.minimumCharge ?? '',
  };
}

/** What is wrong with an amount of the form. */
export function faultOf(draft: Draft, name: AmountName): 'amountBad' | 'negative' | undefined {
  const text = draft[name].trim();
  if (text === '' && optional.has(name)) {
    return undefined;
  }
  const units = parseAmount(text);
  return units === undefined ? 'amountBad' : units < 0n ? 'negative' : undefined;
}

export const sound = (draft: Draft): boolean => draft.model.trim() !== '' && draft.provider !== '' && amounts.every((name) => faultOf(draft, name) === undefined);

const orNull = (text: string) => (text.trim() === '' ? null : text.trim());

/** The form as the API takes it. */
export function inputOf(draft: Draft): SetModelPriceInput {
  return {
    model: draft.model.trim(),
    provider: draft.provider,
    inputCostPerMillion: draft.inputCost.trim(),
    cachedInputCostPerMillion: orNull(draft.cachedInputCost),
    outputCostPerMillion: draft.outputCost.trim(),
    inputPricePerMillion: draft.inputPrice.trim(),
    outputPricePerMillion: draft.outputPrice.trim(),
    minimumCharge: orNull(draft.minimumCharge),
  };
}

/** The models that are looked at, by provider and name. */
export function narrow(models: readonly PricedModelFragment[], { provider, search, available }: PricesSearch): readonly PricedModelFragment[] {
  const text = search?.trim().toLowerCase();
  return models
    .filter((model) => (provider === undefined || model.provider === provider) && (text === undefined || model.name.toLowerCase().includes(text)) && (available === undefined || model.available))
    .toSorted((a, b) => (a.provider < b.provider ? -1 : a.provider > b.provider ? 1 : a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
