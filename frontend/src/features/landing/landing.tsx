import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useQuery } from 'urql';
import { ViewerDocument, WhatADepositGivesDocument, type WhatADepositGivesQuery } from '../../graphql/graphql.ts';
import { showAmount } from '../../shared/money.ts';
import { PublicFrame } from '../../shared/ui/public-frame.tsx';
import { Example } from './example.tsx';
import classes from './landing.module.css';
import { Prices } from './prices.tsx';
import { useWords } from './words.ts';

interface LandingProps {
  /** What is looked for in the price list. */
  readonly text: string;
  readonly look: (text: string) => void;
}

/** What the bank is, what it costs, and the ways in. */
export function Landing({ text, look }: LandingProps) {
  const t = useWords();
  const [{ data }] = useQuery({ query: ViewerDocument });
  const [{ data: deposit }] = useQuery({ query: WhatADepositGivesDocument, variables: { quota: '1000' } });
  const title = t('document');
  useEffect(() => {
    document.title = `Resource Pool · ${title}`;
  }, [title]);
  const here = data?.viewer != null;
  return (
    <PublicFrame
      actions={
        here ? (
          <Button component={Link} to="/home" size="xs" ml={8}>
            {t('home')}
          </Button>
        ) : (
          <Button component={Link} to="/sign-in" size="xs" ml={8} variant="default">
            {t('signIn')}
          </Button>
        )
      }
    >
      <div className={classes.hero}>
        <div className={classes.pitch}>
          <h1>{t('title')}</h1>
          <p>{t('lead')}</p>
          <div className={classes.ways}>
            {here ? (
              <Button component={Link} to="/home" size="md">
                {t('home')}
              </Button>
            ) : (
              <>
                <Button component={Link} to="/sign-up" size="md">
                  {t('join')}
                </Button>
                <Button component={Link} to="/sign-in" size="md" variant="default">
                  {t('signIn')}
                </Button>
              </>
            )}
          </div>
        </div>
        <Example />
      </div>
      <Ways deposit={deposit} />
      <Prices text={text} look={look} providers={deposit?.providers ?? []} />
    </PublicFrame>
  );
}

/** The three things that the bank does. */
function Ways({ deposit }: { readonly deposit: WhatADepositGivesQuery | undefined }) {
  const t = useWords();
  const quote = deposit?.depositQuote;
  return (
    <div className={classes.three}>
      <section>
        <h2>{t('contribute')}</h2>
        <p>{t('contributeText', { count: deposit?.providers.length ?? '…' })}</p>
        <p className={classes.figure}>
          {quote === undefined ? (
            '…'
          ) : (
            <>
              <strong className="money">{t('contributeFigure', { quota: showAmount(quote.quota).exact })}</strong>{' '}
              {t('contributeGives', { credits: showAmount(quote.credits).exact, fee: String(Math.round(quote.feeRate * 10_000) / 100) })}
            </>
          )}
        </p>
      </section>
      <section>
        <h2>{t('use')}</h2>
        <p>{t('useText')}</p>
        <pre className={classes.code}>
          {`OPENAI_BASE_URL=${window.location.origin}/v1\nOPENAI_API_KEY=rp_…`}
        </pre>
      </section>
      <section>
        <h2>{t('books')}</h2>
        <p>{t('booksText')}</p>
        <p className={classes.links}>
          <a href="/signing.pub">{t('booksKey')}</a>
          <a href="/graphiql">{t('api')}</a>
        </p>
      </section>
    </div>
  );
}
