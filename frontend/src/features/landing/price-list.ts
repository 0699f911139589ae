import type { PriceListQuery } from '../../graphql/graphql.ts';

/** What one model costs, whichever key serves it. */
export interface Price {
  readonly name: string;
  /** Further names that it can be asked for by. */
  readonly aliases: readonly string[];
  /** The keys of the providers that have it. */
  readonly providers: readonly string[];
  readonly contextWindow: number | null;
  /** Whether a key in the pool can serve it now. */
  readonly available: boolean;
  readonly input: string;
  readonly output: string;
  readonly minimum: string;
}

/** Groups the list by name, since that is what is asked and paid for; what can be had now comes first. */
export function pricesOf({ models, modelAliases }: PriceListQuery): Price[] {
  const prices = new Map<string, Price>();
  for (const { name, provider, contextWindow, available, inputPricePerMillion, outputPricePerMillion, minimumCharge } of models) {
    const known = prices.get(name);
    const windows = [known?.contextWindow, contextWindow].filter((window) => window != null);
    prices.set(name, {
      name,
      aliases: modelAliases.filter(({ model }) => model === name).map((alias) => alias.name),
      providers: [...(known?.providers ?? []), provider].toSorted(),
      contextWindow: windows.length === 0 ? null : Math.max(...windows),
      available: available || known?.available === true,
      input: inputPricePerMillion,
      output: outputPricePerMillion,
      minimum: minimumCharge,
    });
  }
  return [...prices.values()].toSorted((a, b) => Number(b.available) - Number(a.available) || shortName(a.name).localeCompare(shortName(b.name)));
}

/** Sorts by what people call a model, without the folders that some providers put before it. */
function shortName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1).toLowerCase();
}

/** Those whose names, other names or providers have all of the words. */
export function search(prices: readonly Price[], text: string, named: (provider: string) => string): readonly Price[] {
  const wanted = text.toLowerCase().split(/\s+/u).filter((word) => word !== '');
  if (wanted.length === 0) {
    return prices;
  }
  return prices.filter(({ name, aliases, providers }) => {
    const all = [name, ...aliases, ...providers, ...providers.map((provider) => named(provider))].join(' ').toLowerCase();
    return wanted.every((word) => all.includes(word));
  });
}

/** A context window as people say it: 128 K, 1 M. */
export function showWindow(tokens: number): string {
  if (tokens >= 1_000_000) {
    return `${Math.floor(tokens / 100_000) / 10} M`;
  }
  return tokens >= 1000 ? `${Math.floor(tokens / 1000)} K` : String(tokens);
}
