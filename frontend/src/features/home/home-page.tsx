import { useQuery } from 'urql';
import { HomeKeysDocument, HomeRecentDocument } from '../../graphql/graphql.ts';
import { isOwn } from '../../shared/own-requests.ts';
import { Page } from '../../shared/ui/page.tsx';
import { SkeletonRows, Trouble } from '../../shared/ui/states.tsx';
import { useWalletChange } from '../../shared/use-wallet-change.ts';
import { useViewer } from '../../shared/viewer.tsx';
import { BalanceCard } from './balance-card.tsx';
import { Card } from './card.tsx';
import classes from './home.module.css';
import { KeysCard } from './keys-card.tsx';
import { DepositCard, UseCard } from './newcomer.tsx';
import { RecentCard } from './recent-card.tsx';
import { SpendCard } from './spend-card.tsx';
import { useHomeWords } from './words.ts';

const shown = 10;

/** What there is, what was spent, how the keys do; for who is new, how to begin. */
export function HomePage() {
  const t = useHomeWords();
  const viewer = useViewer();
  // Who has keys finds requests of others on them among their own.
  const first = viewer.roles.includes('CONTRIBUTOR') ? 50 : shown;
  const [recent, recentAgain] = useQuery({ query: HomeRecentDocument, variables: { first } });
  const [keys, keysAgain] = useQuery({ query: HomeKeysDocument });
  useWalletChange(() => {
    recentAgain({ requestPolicy: 'network-only' });
    keysAgain({ requestPolicy: 'network-only' });
  });
  const own = recent.data?.viewer?.usageLogs.edges.flatMap(({ node }) => (isOwn(node, viewer) ? [node] : [])).slice(0, shown);
  const had = keys.data?.viewer ?? undefined;
  const error = (own === undefined ? recent.error : undefined) ?? (had === undefined ? keys.error : undefined);
  const isNew = own?.length === 0 && had?.resources.totalCount === 0;
  const retry = () => {
    recentAgain({ requestPolicy: 'network-only' });
    keysAgain({ requestPolicy: 'network-only' });
  };
  return (
    <Page title={t('title')}>
      {error !== undefined && <Trouble error={error} retry={retry} />}
      {isNew ? (
        <>
          <div className={classes.top}>
            <BalanceCard />
          </div>
          <div className={classes.two}>
            <UseCard />
            <DepositCard />
          </div>
        </>
      ) : (
        <>
          <div className={classes.top}>
            <BalanceCard />
            {own !== undefined && had !== undefined && (
              <div className={classes.wide}>
                <SpendCard />
              </div>
            )}
            {had !== undefined && <KeysCard pool={had.pool} resources={had.resources} />}
            {error === undefined && (own === undefined || had === undefined) && <SkeletonRows rows={4} />}
          </div>
          {own !== undefined && had !== undefined && (own.length === 0 ? <UseCard /> : <RecentCard requests={own} />)}
          {own === undefined && error === undefined && (
            <Card title={t('recent')}>
              <SkeletonRows />
            </Card>
          )}
        </>
      )}
    </Page>
  );
}
