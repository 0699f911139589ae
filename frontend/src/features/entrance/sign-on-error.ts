import type { Word } from './words.ts';

const words = new Map<string, Word>([
  ['not_offered', 'ssoNotOffered'],
  ['provider_unreachable', 'ssoUnreachable'],
  ['expired', 'ssoExpired'],
  ['denied', 'ssoDenied'],
  ['bad_answer', 'ssoBadAnswer'],
  ['email_unverified', 'ssoEmail'],
  ['link_first', 'ssoLinkFirst'],
  ['sign_up_closed', 'ssoClosed'],
  ['account_deleted', 'ssoDeleted'],
  ['identity_taken', 'ssoTaken'],
  ['link_expired', 'ssoLinkExpired'],
  ['rate_limited', 'ssoRateLimited'],
]);

/** What to say of a single sign-on that came to nothing. Whatever else the address says is the server's fault, in our words. */
export function signOnWord(error: string): Word {
  return words.get(error) ?? 'ssoInternal';
}
