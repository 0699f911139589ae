// A spreadsheet takes a cell that begins like this for a formula; a quote before it says that it is none.
const formula = /^[=+\-@\t\r\n＝＋－＠]/u;

/** A cell of a CSV file: whatever it holds, a spreadsheet runs none of it. */
export function cell(text: string): string {
  const safe = formula.test(text) ? `'${text}` : text;
  return /[",\r\n]/u.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A CSV file as RFC 4180 has it. */
export function csv(lines: readonly (readonly string[])[]): string {
  return lines.map((line) => `${line.map(cell).join(',')}\r\n`).join('');
}
