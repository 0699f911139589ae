import type { LedgerEntryFragment, LedgerRowQuery, LedgerUseFragment } from '../../graphql/graphql.ts';
import { formatUnits, type Units, unitsOf } from '../../shared/money.ts';

/** Somebody, or something, of a transaction. The name is missing where it has to be asked for. */
export interface Party {
  readonly id: string;
  readonly name?: string;
}

/** A transaction as the live ledger shows it. */
export interface Row {
  readonly id: string;
  readonly seq: bigint;
  readonly kind: LedgerEntryFragment['kind'];
  readonly at: string;
  readonly memo: string;
  readonly postings: LedgerEntryFragment['postings'];
  readonly use?: LedgerUseFragment;
  /** Who spent, or whose Credits moved; nobody where the platform moved its own. */
  readonly person?: Party;
  /** The key that served, or that came or left. */
  readonly key?: Party;
  /** What the provider took, or the quota that moved; undefined where there is none. */
  readonly cost?: string;
  /** What a request was charged; of any other kind the Credits that moved, with their sign. */
  readonly credits?: string;
  readonly profit?: string;
  /** When it came over the feed, on the clock of this browser; undefined where it was there before. */
  readonly arrived?: number;
}

/** All of a transaction. */
export type Transaction = Extract<NonNullable<LedgerRowQuery['node']>, { readonly seq: string }>;

const sum = (postings: Row['postings'], owned: RegExp): Units | undefined => {
  const own = postings.filter(({ account }) => owned.test(account));
  return own.length === 0 ? undefined : own.reduce((total, { amount }) => total + unitsOf(amount), 0n);
};

const personal = /^(?:wallet|vesting|debt):/u;
const ofKey = /^resource:/u;

const party = (postings: Row['postings'], owned: RegExp): Party | undefined => {
  const account = postings.find((posting) => owned.test(posting.account))?.account;
  return account === undefined ? undefined : { id: account.slice(account.indexOf(':') + 1) };
};

/** The row of a transaction. */
export function rowOf(entry: LedgerEntryFragment, use: LedgerUseFragment | null | undefined, arrived?: number): Row {
  const row = {
    id: entry.id,
    seq: BigInt(entry.seq),
    kind: entry.kind,
    at: entry.createdAt,
    memo: entry.memo,
    postings: entry.postings,
    ...(arrived === undefined ? {} : { arrived }),
  };
  if (use != null && entry.kind === 'USAGE') {
    const { costAmount: cost, creditsCharged: credits, user, resource } = use;
    return {
      ...row,
      use,
      ...(user === null ? {} : { person: { id: user.id, name: user.displayName } }),
      ...(resource === null ? {} : { key: { id: resource.id, name: resource.label === '' ? resource.maskedKey : resource.label } }),
      ...(cost === null ? {} : { cost }),
      ...(credits === null ? {} : { credits }),
      ...(cost === null || credits === null ? {} : { profit: formatUnits(unitsOf(credits) - unitsOf(cost)) }),
    };
  }
  const moved = sum(entry.postings, personal);
  const quota = sum(entry.postings, ofKey);
  const person = party(entry.postings, personal);
  const key = party(entry.postings, ofKey);
  return {
    ...row,
    ...(use == null ? {} : { use }),
    ...(person === undefined ? {} : { person }),
    ...(key === undefined ? {} : { key }),
    ...(quota === undefined ? {} : { cost: formatUnits(quota) }),
    ...(moved === undefined ? {} : { credits: formatUnits(moved) }),
  };
}

/** What the postings add up to, for each asset: nothing, as the books have to. */
export function sums(postings: Row['postings']): ReadonlyMap<string, string> {
  const totals = new Map<string, Units>();
  for (const { asset, amount } of postings) {
    totals.set(asset, (totals.get(asset) ?? 0n) + unitsOf(amount));
  }
  return new Map([...totals].map(([asset, units]) => [asset, formatUnits(units)]));
}
