import { Paper } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './account.module.css';

interface SectionProps {
  readonly id: string;
  readonly title: string;
  readonly lead: string;
  readonly children: ReactNode;
}

/** One thing about the account: what it is on the left, how it stands and what can be done on the right. */
export function Section({ id, title, lead, children }: SectionProps) {
  return (
    <section id={id} className={classes.section} aria-labelledby={`${id}-title`}>
      <div>
        <h2 id={`${id}-title`}>{title}</h2>
        <p>{lead}</p>
      </div>
      <Paper withBorder className={classes.body}>
        {children}
      </Paper>
    </section>
  );
}

/** A line of a section: what it is about, how it stands, what can be done. */
export function Line({ label, children, actions }: { readonly label: ReactNode; readonly children?: ReactNode; readonly actions?: ReactNode }) {
  return (
    <div className={classes.line}>
      <div className={classes.about}>
        <div className={classes.label}>{label}</div>
        {children !== undefined && <div className={classes.value}>{children}</div>}
      </div>
      {actions !== undefined && <div className={classes.actions}>{actions}</div>}
    </div>
  );
}

/** Part of a section that takes its whole width, such as a form. */
export function Block({ children }: { readonly children: ReactNode }) {
  return <div className={classes.block}>{children}</div>;
}

/** What became of an act, said to everybody. */
export function Said({ children }: { readonly children: ReactNode }) {
  return <output className={classes.said}>{children}</output>;
}
