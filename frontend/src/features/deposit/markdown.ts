/** A part of a line: plain, or strong. */
export interface Piece {
  readonly text: string;
  readonly strong: boolean;
}

export type Block = { readonly kind: 'heading' | 'paragraph'; readonly pieces: readonly Piece[] } | { readonly kind: 'list'; readonly items: readonly (readonly Piece[])[] };

const piecesOf = (text: string): readonly Piece[] =>
  text
    .split('**')
    .map((part, index) => ({ text: part, strong: index % 2 === 1 }))
    .filter(({ text: part }) => part !== '');

// Chinese is written without spaces, where a line ends too.
const join = (lines: readonly string[]) => lines.map((line) => line.trim()).reduce((all, line) => (/[\u3000-\u9FFF\uFF00-\uFFEF]$/u.test(all) ? all + line : `${all} ${line}`));

/** Reads as much of Markdown as the terms are written in: headings, paragraphs, numbered lists, and what is strong. */
export function readMarkdown(text: string): readonly Block[] {
  const blocks: Block[] = [];
  for (const part of text.trim().split(/\n\s*\n/u)) {
    const lines = part.split('\n');
    const [first = ''] = lines;
    if (first.startsWith('#')) {
      blocks.push({ kind: 'heading', pieces: piecesOf(first.replace(/^#+\s*/u, '')) });
    } else if (/^\d+\.\s/u.test(first)) {
      const items: string[][] = [];
      for (const line of lines) {
        if (/^\d+\.\s/u.test(line)) {
          items.push([line.replace(/^\d+\.\s+/u, '')]);
        } else {
          items.at(-1)?.push(line);
        }
      }
      blocks.push({ kind: 'list', items: items.map((item) => piecesOf(join(item))) });
    } else {
      blocks.push({ kind: 'paragraph', pieces: piecesOf(join(lines)) });
    }
  }
  return blocks;
}
