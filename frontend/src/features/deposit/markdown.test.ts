import { expect, it } from 'vitest';
import { readMarkdown } from './markdown.ts';

it('reads headings, lists and paragraphs', () => {
  expect(readMarkdown('# Terms\n\n1. **Yours.** A key\n   of yours.\n2. Second\n\nThe **end**.\n')).toEqual([
    { kind: 'heading', pieces: [{ text: 'Terms', strong: false }] },
    { kind: 'list', items: [[{ text: 'Yours.', strong: true }, { text: ' A key of yours.', strong: false }], [{ text: 'Second', strong: false }]] },
    { kind: 'paragraph', pieces: [{ text: 'The ', strong: false }, { text: 'end', strong: true }, { text: '.', strong: false }] },
  ]);
});

it('joins lines of Chinese without a space', () => {
  expect(readMarkdown('密钥是\n你的')).toEqual([{ kind: 'paragraph', pieces: [{ text: '密钥是你的', strong: false }] }]);
});
