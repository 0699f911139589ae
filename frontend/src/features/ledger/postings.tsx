import { Text } from '@mantine/core';
import { IconCheck, IconX } from '@tabler/icons-react';
import { Credits, Dollars } from '../../shared/ui/money.tsx';
import classes from './row-drawer.module.css';
import { type Row, sums } from './rows.ts';
import type { Names } from './use-names.ts';
import { useRowWords } from './words.ts';

const platform = {
  'platform.issued': 'issued',
  'platform.revenue': 'revenue',
  'platform.fees': 'fees',
  'platform.loss': 'loss',
  'provider.supply': 'supply',
  'provider.spent': 'spent',
} as const;
const owned = { wallet: 'wallet', vesting: 'vesting', debt: 'debt', resource: 'resource' } as const;

const find = <K extends string, V>(words: Readonly<Record<K, V>>, key: string): V | undefined => (Object.hasOwn(words, key) ? words[key as K] : undefined);

/** What a transaction moved, which adds up to nothing for each asset. */
export function Postings({ postings, names }: { readonly postings: Row['postings']; readonly names: Names }) {
  const t = useRowWords();
  const say = (account: string) => {
    const [kind = '', id = ''] = account.split(':', 2);
    const ours = find(platform, account);
    const theirs = find(owned, kind);
    return ours !== undefined ? t(ours) : theirs !== undefined ? t(theirs, { name: names.get(id)?.name ?? '…' }) : account;
  };
  return (
    <table className={classes.postings}>
      <thead>
        <tr>
          <th scope="col">{t('account')}</th>
          <th scope="col">{t('amount')}</th>
        </tr>
      </thead>
      <tbody>
        {postings.map(({ account, asset, amount }) => (
          <tr key={`${account} ${asset} ${amount}`}>
            <td title={account}>{say(account)}</td>
            <td>{asset === 'CREDIT' ? <Credits amount={amount} places={9} signed /> : <Dollars amount={amount} places={9} signed />}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        {[...sums(postings)].map(([asset, amount]) => (
          <tr key={asset}>
            <th scope="row">
              {t('addsUp')} <Balanced ok={amount === '0'} />
            </th>
            <td>{asset === 'CREDIT' ? <Credits amount={amount} places={9} /> : <Dollars amount={amount} places={9} />}</td>
          </tr>
        ))}
      </tfoot>
    </table>
  );
}

function Balanced({ ok }: { readonly ok: boolean }) {
  const t = useRowWords();
  return (
    <Text span size="sm" c={ok ? 'var(--good)' : 'var(--bad)'}>
      {ok ? <IconCheck size={14} aria-hidden /> : <IconX size={14} aria-hidden />} {t(ok ? 'balanced' : 'unbalanced')}
    </Text>
  );
}
