import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { defineWords } from '../words/words.ts';
import { Colours, Languages } from './switches.tsx';
import classes from './public-frame.module.css';

const useWords = defineWords('public', { skip: 'Skip to the content' }, { skip: '跳到内容' });

/** The frame of the pages that are open to all: the name, the switches, and what else there is to go to. */
export function PublicFrame({ actions, children }: { readonly actions?: ReactNode; readonly children: ReactNode }) {
  const t = useWords();
  return (
    <div className={classes.frame}>
      <a href="#content" className={classes.skip}>
        {t('skip')}
      </a>
      <header className={classes.bar}>
        <Link to="/" className={classes.name}>
          Resource Pool
        </Link>
        <div className={classes.end}>
          <Languages />
          <Colours />
          {actions}
        </div>
      </header>
      <main id="content" tabIndex={-1} className={classes.main}>
        {children}
      </main>
    </div>
  );
}
