/** What the address of the routing page holds: the model of the preview, and the id of a past request. */
export interface RoutingSearch {
  readonly model?: string;
  readonly request?: string;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** Reads the address; what makes no sense is left out. */
export function readRoutingSearch({ model, request }: Readonly<Record<string, unknown>>): RoutingSearch {
  return { ...(isText(model) ? { model } : {}), ...(isText(request) ? { request: request.trim() } : {}) };
}
