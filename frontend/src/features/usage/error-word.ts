const known = [
  'BAD_USER_INPUT', 'INSUFFICIENT_CREDITS', 'MODEL_NOT_FOUND', 'NO_RESOURCE_AVAILABLE', 'OVERLOADED', 'RATE_LIMITED', 'UPSTREAM_REJECTED', 'UPSTREAM_FAILED', 'CLIENT_GONE', 'INTERNAL',
] as const;

/** Which words tell what went wrong: what was charged for tells a broken answer from one that never came. */
export function errorWord(code: string, charged: string | null): (typeof known)[number] | 'UPSTREAM_BROKE' | 'OTHER' {
  if (code === 'UPSTREAM_FAILED' && charged !== null && charged !== '0') {
    return 'UPSTREAM_BROKE';
  }
  return known.find((one) => one === code) ?? 'OTHER';
}
