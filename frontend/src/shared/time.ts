const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Shows a time in the reader's own zone: the time of day where it is today, else the date too. */
export function showTime(iso: string, language: string, now: Date = new Date()): string {
  const at = new Date(iso);
  if (at.toDateString() === now.toDateString()) {
    return at.toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
  }
  const year = at.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' as const };
  return at.toLocaleString(language, { ...year, month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hour12: false });
}

const two = (n: number) => String(n).padStart(2, '0');

/** Shows a time to the millisecond, as the ledger does. */
export function showMoment(iso: string): string {
  const at = new Date(iso);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

/** The time in UTC, for the hover. */
export function utc(iso: string): string {
  return `${iso.replace('T', ' ').replace(/Z$/u, '')} UTC`;
}

/** Shows how far away a time is, in words. */
export function showDistance(iso: string, language: string, now: Date = new Date()): string {
  const away = new Date(iso).getTime() - now.getTime();
  const size = Math.abs(away);
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  if (size < minute) {
    return format.format(Math.round(away / second), 'second');
  }
  if (size < hour) {
    return format.format(Math.round(away / minute), 'minute');
  }
  if (size < 2 * day) {
    return format.format(Math.round(away / hour), 'hour');
  }
  return format.format(Math.round(away / day), 'day');
}
