import { describe, expect, it } from 'vitest';
import { show } from '../../shared/testing/render.tsx';
import { parseMarkdown, safeLink } from './markdown.ts';
import { MarkdownText } from './markdown-text.tsx';

async function shown(text: string): Promise<HTMLElement> {
  const { findByTestId } = show(
    <div data-testid="here">
      <MarkdownText text={text} />
    </div>,
  );
  return findByTestId('here');
}

describe('a hostile text', () => {
  it.each([
    '<img src=x onerror=alert(1)>',
    '<script>alert(1)</script>',
    '<svg/onload=alert(1)>',
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    '![](https://evil.example/pixel.png)',
    '![a](https://evil.example/?q=secret "t")',
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](java\nscript:alert(1))',
    '[x](&#106;avascript:alert(1))',
    '[x](data:text/html,<script>alert(1)</script>)',
    '[x](vbscript:x)',
    '[x](//evil.example)',
    '[x](/graphql)',
    '[x](https://good.example@evil.example)',
    '```html\n<img src=x onerror=alert(1)>\n```',
    '- <img src=x onerror=alert(1)>\n> <object data=x>',
    '`<img src=x onerror=alert(1)>`',
    '<style>@import url(https://evil.example)</style>',
    '[![](https://evil.example/a.png)](javascript:x)',
  ])('%j makes no element that acts', async (text) => {
    const container = await shown(text);
    expect(container.querySelectorAll('img, script, iframe, object, embed, style, link, svg[onload], form, input, video, audio')).toHaveLength(0);
    for (const element of container.querySelectorAll('*')) {
      expect(element.getAttributeNames().filter((name) => name.startsWith('on'))).toEqual([]);
    }
    for (const link of container.querySelectorAll('a')) {
      expect(link.protocol).toMatch(/^https?:$/u);
      expect(link.username).toBe('');
      expect(link.rel).toBe('noopener noreferrer nofollow');
    }
  });

  it.each(['javascript:alert(1)', 'data:text/html,x', '//evil.example', '/x', 'https://a@b.example', ' ', 'file:///etc/passwd', 'blob:https://x/y'])('%j is no link', (address) => {
    expect(safeLink(address)).toBeUndefined();
  });

  it.each(['*', '[', '`', '_', '>', '[a](', '**a', '- ', 'http://', '![', '\\', '> - '])('of many %j is read in time', (piece) => {
    const began = performance.now();
    parseMarkdown(piece.repeat(20_000));
    expect(performance.now() - began).toBeLessThan(2000);
  });
});

it('shows images as what is written, without asking for them', async () => {
  expect((await shown('![cat](https://evil.example/cat.png)')).textContent).toContain('![cat](https://evil.example/cat.png)');
});

it('shows paragraphs, lists, code, emphasis and links', async () => {
  const container = await shown(
    ['# Title', 'One **bold** and *soft* `code`', 'see [docs](https://docs.example/a) or https://b.example/x.', '', '1. first', '   - inner', '2. second', '', '> said', '', '---', '```ts', 'const a = "<b>";', '', 'still'].join('\n'),
  );
  expect(container.querySelector('p strong')?.textContent).toBe('Title');
  expect([...container.querySelectorAll('em, p code')].map((e) => e.textContent)).toEqual(['soft', 'code']);
  expect([...container.querySelectorAll('a')].map((a) => a.href)).toEqual(['https://docs.example/a', 'https://b.example/x']);
  expect(container.querySelectorAll('ol > li')).toHaveLength(2);
  expect(container.querySelector('ol ul li')?.textContent).toBe('inner');
  expect(container.querySelector('blockquote')?.textContent).toBe('said');
  expect(container.querySelector('pre')?.textContent).toBe('const a = "<b>";\n\nstill');
});

it.each(['snake_case_name', '2 * 3 * 4', '5 < 6', 'a**', '**', '`', 'x [y] (z)'])('leaves %j as it is', async (text) => {
  expect((await shown(text)).textContent).toBe(text);
});
