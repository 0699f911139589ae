/** What a link to the form may fill in. */
export interface DepositSearch {
  readonly provider?: string;
  readonly quota?: string;
}

/** Reads the form's part of an address. */
export function depositSearch(search: Readonly<Record<string, unknown>>): DepositSearch {
  const { provider, quota } = search;
  return { ...(typeof provider === 'string' ? { provider } : {}), ...(typeof quota === 'string' || typeof quota === 'number' ? { quota: String(quota) } : {}) };
}
