// Places in the chain. seq has no gaps, and the id of a transaction ends with it.

interface Place {
  readonly id: string;
  readonly seq: string;
}

/** The place so many steps further; undefined before the first. */
export function placeOf({ id, seq }: Place, step: bigint): Place | undefined {
  const to = BigInt(seq) + step;
  return to < 1n || !id.endsWith(seq) ? undefined : { id: `${id.slice(0, id.length - seq.length)}${to}`, seq: String(to) };
}

/** Whether a transaction follows right after another in the chain. */
export function fit(before: { readonly seq: string; readonly hash: string }, after: { readonly seq: string; readonly previousHash: string }): boolean {
  return BigInt(before.seq) + 1n === BigInt(after.seq) && before.hash === after.previousHash;
}
