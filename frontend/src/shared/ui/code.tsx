import classes from './code.module.css';
import { CopyIcon } from './copy.tsx';

/** Code to read and to copy. It scrolls inside, by keyboard too. */
export function Code({ code, label, copy, height }: { readonly code: string; readonly label: string; readonly copy: string; readonly height?: number }) {
  return (
    <div className={classes.box}>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls is reached by keyboard */}
      <section className={classes.code} tabIndex={0} aria-label={label} style={height === undefined ? undefined : { maxHeight: height }}>
        <pre className={classes.text}>
          <code>{code}</code>
        </pre>
      </section>
      <div className={classes.tools}>
        <CopyIcon text={code} label={copy} />
      </div>
    </div>
  );
}
