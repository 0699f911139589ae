import type { UsageRequestsQuery } from '../../graphql/graphql.ts';
import type { UsageRow } from './request-file.ts';

/** One page, or undefined where it could not be read. */
type Ask = (after: string | null) => Promise<UsageRequestsQuery['usageLogs'] | undefined>;

/** Reads page after page until there are no more or enough; undefined where one could not be read. */
export async function readAll(
  ask: Ask,
  keep: (row: UsageRow) => boolean,
  mostPages: number,
  told: (rows: number) => void,
): Promise<{ readonly rows: readonly UsageRow[]; readonly cut: boolean } | undefined> {
  const rows = new Map<string, UsageRow>();
  let after: string | null = null;
  for (let pages = 0; pages < mostPages; pages += 1) {
    // A page begins where the one before it ends.
    // oxlint-disable-next-line no-await-in-loop
    const page: Awaited<ReturnType<Ask>> = await ask(after);
    if (page === undefined) {
      return undefined;
    }
    for (const { node } of page.edges) {
      if (keep(node)) {
        rows.set(node.id, node);
      }
    }
    told(rows.size);
    after = page.pageInfo.endCursor;
    if (!page.pageInfo.hasNextPage || after === null) {
      return { rows: [...rows.values()], cut: false };
    }
  }
  return { rows: [...rows.values()], cut: true };
}
