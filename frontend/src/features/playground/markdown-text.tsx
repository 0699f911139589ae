import { memo, type ReactNode } from 'react';
import { Code } from '../../shared/ui/code.tsx';
import { type Block, type Inline, parseMarkdown } from './markdown.ts';
import classes from './playground.module.css';
import { useWords } from './words.ts';

/** Shows Markdown. All of it becomes elements that are named here, and text. */
export const MarkdownText = memo(function MarkdownText({ text }: { readonly text: string }) {
  return (
    <div className={classes.markdown}>
      <Blocks blocks={parseMarkdown(text)} />
    </div>
  );
});

// What is written stays where it is, so that its place names it.
/* oxlint-disable react/no-array-index-key */
function Blocks({ blocks }: { readonly blocks: readonly Block[] }): ReactNode {
  return blocks.map((block, place) => <One key={place} block={block} />);
}

function One({ block }: { readonly block: Block }): ReactNode {
  const t = useWords();
  switch (block.kind) {
    case 'code':
      return <Code code={block.text} label={block.language === '' ? t('code') : t('codeIn', { language: block.language })} copy={t('copyCode')} />;
    case 'quote':
      return (
        <blockquote>
          <Blocks blocks={block.children} />
        </blockquote>
      );
    case 'list': {
      const items = block.items.map((blocks, place) => (
        <li key={place}>
          <Blocks blocks={blocks} />
        </li>
      ));
      return block.start === undefined ? <ul>{items}</ul> : <ol start={block.start}>{items}</ol>;
    }
    case 'rule':
      return <hr />;
    case 'heading':
      return (
        <p>
          <strong>{inline(block.children)}</strong>
        </p>
      );
    case 'paragraph':
      return <p>{inline(block.children)}</p>;
  }
}

function inline(nodes: readonly Inline[]): ReactNode {
  return nodes.map((node, place) => {
    switch (node.kind) {
      case 'text':
        return node.text;
      case 'code':
        return <code key={place}>{node.text}</code>;
      case 'strong':
        return <strong key={place}>{inline(node.children)}</strong>;
      case 'emphasis':
        return <em key={place}>{inline(node.children)}</em>;
      case 'link':
        return (
          <a key={place} href={node.href} title={node.href} target="_blank" rel="noopener noreferrer nofollow">
            {inline(node.children)}
          </a>
        );
    }
  });
}
