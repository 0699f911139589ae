// Reads the little Markdown that models write. What it does not know stays text: there is no HTML, no image, and no link
// but to http and https. Everything is bounded, since the text is a stranger's.

export type Inline =
  | { readonly kind: 'text' | 'code'; readonly text: string }
  | { readonly kind: 'strong' | 'emphasis'; readonly children: readonly Inline[] }
  | { readonly kind: 'link'; readonly href: string; readonly children: readonly Inline[] };

export type Block =
  | { readonly kind: 'paragraph' | 'heading'; readonly children: readonly Inline[] }
  | { readonly kind: 'code'; readonly text: string; readonly language: string }
  | { readonly kind: 'quote'; readonly children: readonly Block[] }
  | { readonly kind: 'list'; readonly start: number | undefined; readonly items: readonly (readonly Block[])[] }
  | { readonly kind: 'rule' };

const deepest = 6;
/** How far the end of something inline is looked for. */
const reach = 2000;

/** The address of a link that may be followed, else undefined. */
export function safeLink(address: string): string | undefined {
  if (!URL.canParse(address)) {
    return undefined;
  }
  const url = new URL(address);
  const web = url.protocol === 'http:' || url.protocol === 'https:';
  // What stands before an @ passes for the host.
  return web && url.username === '' && url.password === '' ? url.href : undefined;
}

/** Where a mark ends what it began at `from`, or -1. */
function closing(text: string, mark: string, from: number): number {
  const at = text.slice(from, from + reach).indexOf(mark);
  return at <= 0 ? -1 : from + at;
}

interface Found {
  readonly node: Inline;
  readonly end: number;
}

function codeAt(text: string, at: number): Found | undefined {
  let width = 1;
  while (width < 8 && text[at + width] === '`') {
    width += 1;
  }
  const end = closing(text, '`'.repeat(width), at + width);
  return end < 0 ? undefined : { node: { kind: 'code', text: text.slice(at + width, end) }, end: end + width };
}

function emphasisAt(text: string, at: number, depth: number): Found | undefined {
  const mark = text[at] ?? '';
  const double = text[at + 1] === mark;
  const marks = double ? mark + mark : mark;
  const from = at + marks.length;
  const before = text[at - 1] ?? ' ';
  // snake_case and 2 * 3 are no emphasis.
  if (/\s/u.test(text[from] ?? ' ') || (mark === '_' && /[\p{L}\p{N}]/u.test(before))) {
    return undefined;
  }
  const end = closing(text, marks, from);
  if (end < 0 || /\s/u.test(text[end - 1] ?? ' ') || (mark === '_' && /[\p{L}\p{N}]/u.test(text[end + marks.length] ?? ' '))) {
    return undefined;
  }
  return { node: { kind: double ? 'strong' : 'emphasis', children: parseInline(text.slice(from, end), depth + 1) }, end: end + marks.length };
}

function linkAt(text: string, at: number, depth: number): Found | undefined {
  const window = text.slice(at, at + reach);
  const middle = window.indexOf('](');
  const end = middle < 0 ? -1 : window.indexOf(')', middle);
  if (end < 0) {
    return undefined;
  }
  const href = safeLink(window.slice(middle + 2, end).trim());
  const label = window.slice(1, middle);
  return href === undefined || label === '' || label.includes('[') ? undefined : { node: { kind: 'link', href, children: parseInline(label, depth + 1, false) }, end: at + end + 1 };
}

function bareLinkAt(text: string, at: number): Found | undefined {
  const [address = ''] = /^https?:\/\/[^\s<>"'`*|\\()[\]{}\u3000-\u303F\uFF00-\uFFEF]+/iu.exec(text.slice(at, at + reach)) ?? [];
  const told = address.replace(/[.,;:!?]+$/u, '');
  const href = safeLink(told);
  return href === undefined ? undefined : { node: { kind: 'link', href, children: [{ kind: 'text', text: told }] }, end: at + told.length };
}

function foundAt(text: string, at: number, depth: number, links: boolean): Found | undefined {
  switch (text[at]) {
    case '`':
      return codeAt(text, at);
    case '*':
    case '_':
      return emphasisAt(text, at, depth);
    case '[':
      // An image stays the text that it is written as: showing it would fetch it.
      return links && text[at - 1] !== '!' ? linkAt(text, at, depth) : undefined;
    case 'h':
    case 'H':
      return links && !/[\p{L}\p{N}]/u.test(text[at - 1] ?? ' ') && text[at - 1] !== '(' ? bareLinkAt(text, at) : undefined;
    default:
      return undefined;
  }
}

/** Reads what stands in a paragraph. */
export function parseInline(text: string, depth = 0, links = true): readonly Inline[] {
  if (depth > deepest) {
    return [{ kind: 'text', text }];
  }
  const out: Inline[] = [];
  let plain = '';
  const flush = () => {
    if (plain !== '') {
      out.push({ kind: 'text', text: plain });
      plain = '';
    }
  };
  let at = 0;
  while (at < text.length) {
    if (text[at] === '\\' && /[\\`*_[\]()#+\-.!>]/u.test(text[at + 1] ?? '')) {
      plain += text[at + 1] ?? '';
      at += 2;
      continue;
    }
    const found = foundAt(text, at, depth, links);
    if (found === undefined) {
      plain += text[at] ?? '';
      at += 1;
    } else {
      flush();
      out.push(found.node);
      at = found.end;
    }
  }
  flush();
  return out;
}

const fence = /^ {0,3}(`{3,}|~{3,})\s*([^\s`]*)[^`]*$/u;
const heading = /^ {0,3}#{1,6}\s+(.*)$/u;
const rule = /^ {0,3}(?:(?:- *){3,}|(?:\* *){3,}|(?:_ *){3,})$/u;
const quote = /^ {0,3}> ?(.*)$/u;
const item = /^( {0,3})([-*+]|\d{1,9}[.)])( +|$)(.*)$/u;

interface Taken {
  readonly block: Block;
  readonly next: number;
}

function takeCode(lines: readonly string[], at: number): Taken | undefined {
  const [, marks = '', language = ''] = fence.exec(lines[at] ?? '') ?? [];
  if (marks === '') {
    return undefined;
  }
  // A block that is still being written ends where the text does.
  let next = at + 1;
  while (next < lines.length && !((lines[next] ?? '').trim().startsWith(marks) && (lines[next] ?? '').trim().replaceAll(marks[0] ?? '', '') === '')) {
    next += 1;
  }
  return { block: { kind: 'code', text: lines.slice(at + 1, next).join('\n'), language: language.slice(0, 30) }, next: next + 1 };
}

function takeQuote(lines: readonly string[], at: number, depth: number): Taken | undefined {
  const inner: string[] = [];
  let next = at;
  for (let match = quote.exec(lines[next] ?? ''); match !== null; match = quote.exec(lines[next] ?? '')) {
    inner.push(match[1] ?? '');
    next += 1;
  }
  return next === at ? undefined : { block: { kind: 'quote', children: parseLines(inner, depth + 1) }, next };
}

function takeList(lines: readonly string[], at: number, depth: number): Taken | undefined {
  const first = item.exec(lines[at] ?? '');
  if (first === null) {
    return undefined;
  }
  const numbered = /\d/u.test(first[2] ?? '');
  const items: (readonly Block[])[] = [];
  let next = at;
  for (let match: RegExpExecArray | null = first; match !== null && /\d/u.test(match[2] ?? '') === numbered && !rule.test(lines[next] ?? ''); match = item.exec(lines[next] ?? '')) {
    const indent = (match[1] ?? '').length + (match[2] ?? '').length + Math.min(Math.max((match[3] ?? '').length, 1), 4);
    const inner = [match[4] ?? ''];
    next += 1;
    // What is indented belongs to the item, and so does a blank line before it.
    while (next < lines.length) {
      const line = lines[next] ?? '';
      const deeper = /^ {2,}/u.test(line);
      const blank = line.trim() === '' && /^ {2,}\S/u.test(lines[next + 1] ?? '');
      if (!deeper && !blank) {
        break;
      }
      inner.push(line.replace(new RegExp(`^ {1,${indent}}`, 'u'), ''));
      next += 1;
    }
    items.push(parseLines(inner, depth + 1));
    while ((lines[next] ?? 'end').trim() === '' && item.test(lines[next + 1] ?? '')) {
      next += 1;
    }
  }
  return { block: { kind: 'list', start: numbered ? Number.parseInt(first[2] ?? '1', 10) : undefined, items }, next };
}

function takeLine(lines: readonly string[], at: number): Taken | undefined {
  const line = lines[at] ?? '';
  const [, title] = heading.exec(line) ?? [];
  if (title !== undefined) {
    return { block: { kind: 'heading', children: parseInline(title.replace(/\s#+\s*$/u, '')) }, next: at + 1 };
  }
  return rule.test(line) ? { block: { kind: 'rule' }, next: at + 1 } : undefined;
}

const begins = (line: string) => fence.test(line) || heading.test(line) || rule.test(line) || quote.test(line) || item.test(line);

function takeParagraph(lines: readonly string[], at: number): Taken {
  let next = at + 1;
  while (next < lines.length && (lines[next] ?? '').trim() !== '' && !begins(lines[next] ?? '')) {
    next += 1;
  }
  return { block: { kind: 'paragraph', children: parseInline(lines.slice(at, next).join('\n')) }, next };
}

function parseLines(lines: readonly string[], depth: number): readonly Block[] {
  if (depth > deepest) {
    return [{ kind: 'paragraph', children: [{ kind: 'text', text: lines.join('\n') }] }];
  }
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    if ((lines[at] ?? '').trim() === '') {
      at += 1;
      continue;
    }
    const taken = takeCode(lines, at) ?? takeLine(lines, at) ?? takeQuote(lines, at, depth) ?? takeList(lines, at, depth) ?? takeParagraph(lines, at);
    blocks.push(taken.block);
    at = taken.next;
  }
  return blocks;
}

/** Reads a text into blocks. */
export function parseMarkdown(text: string): readonly Block[] {
  return parseLines(text.replaceAll(/\r\n?/gu, '\n').replaceAll('\t', '    ').split('\n'), 0);
}
