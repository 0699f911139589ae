import type { PlaygroundModelsQuery } from '../../graphql/graphql.ts';

type Row = PlaygroundModelsQuery['models'][number];

/** A model by its name, whoever provides it: prices are the same everywhere. */
export interface Choice {
  readonly name: string;
  readonly available: boolean;
  readonly contextWindow: number | undefined;
  readonly inputPricePerMillion: string;
  readonly outputPricePerMillion: string;
  readonly minimumCharge: string;
}

/** The models to choose from: those that a key serves now first. */
export function choicesOf(rows: readonly Row[]): readonly Choice[] {
  const byName = new Map<string, Choice>();
  for (const row of rows) {
    const before = byName.get(row.name);
    const window = Math.max(before?.contextWindow ?? 0, row.contextWindow ?? 0);
    byName.set(row.name, {
      name: row.name,
      available: row.available || before?.available === true,
      contextWindow: window === 0 ? undefined : window,
      inputPricePerMillion: row.inputPricePerMillion,
      outputPricePerMillion: row.outputPricePerMillion,
      minimumCharge: row.minimumCharge,
    });
  }
  return [...byName.values()].toSorted((a, b) => Number(b.available) - Number(a.available) || a.name.localeCompare(b.name));
}
