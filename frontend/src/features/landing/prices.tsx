import { Button } from '@mantine/core';
import { IconCircle, IconCircleCheckFilled, IconSearch } from '@tabler/icons-react';
import { lazy, type ReactNode, Suspense, useDeferredValue, useMemo, useState } from 'react';
import { useQuery } from 'urql';
import { PriceListDocument, type WhatADepositGivesQuery } from '../../graphql/graphql.ts';
import { showAmount, unitsOf } from '../../shared/money.ts';
import classes from './landing.module.css';
import { type Price, pricesOf, search, showWindow } from './price-list.ts';
import { useWords } from './words.ts';

// The first load has as little as it can: what is rarely needed comes when it is.
const Trouble = lazy(() => import('./trouble.tsx'));

/** As many as are shown before somebody asks for all. */
const some = 25;

interface PricesProps {
  readonly text: string;
  readonly look: (text: string) => void;
  readonly providers: WhatADepositGivesQuery['providers'];
}

/** The price list, as it is now. */
export function Prices({ text, look, providers }: PricesProps) {
  const t = useWords();
  const [{ data, error }, again] = useQuery({ query: PriceListDocument });
  const prices = useMemo(() => (data == null ? undefined : pricesOf(data)), [data]);
  const names = useMemo(() => new Map(providers.map(({ key, name }) => [key, name])), [providers]);
  const named = (key: string) => names.get(key) ?? key;
  const wanted = useDeferredValue(text);
  const [all, setAll] = useState(false);
  const found = prices === undefined ? [] : search(prices, wanted, named);
  const shown = all || wanted !== '' ? found : found.slice(0, some);
  return (
    <section className={classes.prices} aria-labelledby="prices">
      <div className={classes.top}>
        <div>
          <h2 id="prices">{t('prices')}</h2>
          <p>{t('pricesLead')}</p>
        </div>
        <label className={classes.search}>
          <IconSearch size={16} aria-hidden />
          <input type="search" aria-label={t('search')} placeholder={t('search')} value={text} onChange={(event) => look(event.currentTarget.value)} />
          <output>{prices === undefined ? '' : t('found', { count: found.length })}</output>
        </label>
      </div>
      {prices === undefined && error !== undefined && (
        <Suspense>
          <Trouble error={error} retry={() => again({ requestPolicy: 'network-only' })} />
        </Suspense>
      )}
      {prices === undefined && error === undefined && <div className={classes.waiting} aria-busy="true" />}
      {prices?.length === 0 && <Nothing title={t('empty')}>{t('emptyTold')}</Nothing>}
      {prices !== undefined && prices.length > 0 && found.length === 0 && (
        <Nothing title={t('nothing')}>
          {t('nothingTold')}
          <Button variant="default" size="xs" mt="sm" onClick={() => look('')}>
            {t('clear')}
          </Button>
        </Nothing>
      )}
      {shown.length > 0 && <PriceTable prices={shown} named={named} />}
      {shown.length < found.length && (
        <Button variant="default" onClick={() => setAll(true)} mt="sm">
          {t('all', { count: found.length })}
        </Button>
      )}
    </section>
  );
}

function Nothing({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <div className={classes.nothing}>
      <h3>{title}</h3>
      {children}
    </div>
  );
}

function PriceTable({ prices, named }: { readonly prices: readonly Price[]; readonly named: (provider: string) => string }) {
  const t = useWords();
  const minimum = prices.some((price) => unitsOf(price.minimum) > 0n);
  return (
    <table className={classes.table}>
      <thead>
        <tr>
          <th scope="col">{t('model')}</th>
          <th scope="col" className={classes.wide}>
            {t('providers')}
          </th>
          <th scope="col" className={classes.wide} data-number>
            {t('context')}
          </th>
          <th scope="col" data-number>
            {t('input')} <small>{t('perMillion')}</small>
          </th>
          <th scope="col" data-number>
            {t('output')} <small>{t('perMillion')}</small>
          </th>
          {minimum && (
            <th scope="col" className={classes.wide} data-number>
              {t('minimum')} <small>{t('perRequest')}</small>
            </th>
          )}
          <th scope="col" className={classes.state}>
            {t('now')}
          </th>
        </tr>
      </thead>
      <tbody>
        {prices.map((price) => (
          <PriceRow key={price.name} price={price} minimum={minimum} providers={price.providers.map((provider) => named(provider)).join(', ')} />
        ))}
      </tbody>
    </table>
  );
}

function PriceRow({ price, minimum, providers }: { readonly price: Price; readonly minimum: boolean; readonly providers: string }) {
  const t = useWords();
  const { name, aliases, contextWindow, available } = price;
  return (
    <tr>
      <th scope="row" title={name}>
        {name}
        {aliases.length > 0 && <small> {t('also', { names: aliases.join(', ') })}</small>}
      </th>
      <td className={classes.wide} title={providers}>
        {providers}
      </td>
      <td className={classes.wide} data-number>
        {contextWindow === null ? '—' : showWindow(contextWindow)}
      </td>
      <Amount of={price.input} />
      <Amount of={price.output} />
      {minimum && <Amount of={price.minimum} wide />}
      <td className={classes.state} data-available={available}>
        {available ? <IconCircleCheckFilled size={14} aria-hidden /> : <IconCircle size={14} aria-hidden />}
        <span>{available ? t('ready') : t('noKey')}</span>
      </td>
    </tr>
  );
}

/** Of hundreds of amounts each says all its decimals by its title: a tooltip each would be slow. */
function Amount({ of, wide = false }: { readonly of: string; readonly wide?: boolean }) {
  const shown = showAmount(of);
  return (
    <td data-number title={shown.exact} className={wide ? classes.wide : undefined}>
      {shown.text}
    </td>
  );
}
