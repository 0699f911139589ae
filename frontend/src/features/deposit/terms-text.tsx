import { Text } from '@mantine/core';
import { type Piece, readMarkdown } from './markdown.ts';
import classes from './deposit.module.css';

/* oxlint-disable react/no-array-index-key -- the text is what it is */
const Pieces = ({ pieces }: { readonly pieces: readonly Piece[] }) => pieces.map(({ text, strong }, index) => (strong ? <strong key={index}>{text}</strong> : <span key={index}>{text}</span>));

/** The terms, in a box of their own that scrolls. */
export function TermsText({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable
    <section className={classes.terms} tabIndex={0} aria-label={label}>
      {readMarkdown(text).map((block, index) =>
        block.kind === 'list' ? (
          <ol key={index} className={classes.list}>
            {block.items.map((item, place) => (
              <li key={place}>
                <Pieces pieces={item} />
              </li>
            ))}
          </ol>
        ) : (
          <Text key={index} size="sm" {...(block.kind === 'heading' ? { fw: 600 } : {})}>
            <Pieces pieces={block.pieces} />
          </Text>
        ),
      )}
    </section>
  );
}
