const reasons = ['fallback_to_backup', 'failover', 'only_candidate', 'session_affinity', 'expiring_soon', 'lowest_cost', 'fastest', 'highest_success_rate', 'best_overall'] as const;

/** Why routing chose a key, as a word; undefined where that is news. */
export const reasonOf = (reason: string | null | undefined) => reasons.find((one) => one === reason);

/** What a key was opened for, as a word. */
export function purposeOf(purpose: string): 'request' | 'confirm' | 'purposeVerify' | 'otherPurpose' {
  switch (purpose) {
    case 'request':
    case 'confirm':
      return purpose;
    case 'verify':
      return 'purposeVerify';
    default:
      return 'otherPurpose';
  }
}
