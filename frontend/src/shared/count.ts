/** Shows a whole number in groups of three digits, as amounts are. */
export function showCount(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/gu, '\u202F');
}
