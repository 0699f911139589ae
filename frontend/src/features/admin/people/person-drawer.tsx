import { Anchor, Group, SimpleGrid, Paper, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useQuery } from 'urql';
import { AdminPersonOfDocument, type AdminPersonWholeFragment } from '../../../graphql/graphql.ts';
import { Credits, Dollars } from '../../../shared/ui/money.tsx';
import { SkeletonRows, Trouble } from '../../../shared/ui/states.tsx';
import { When } from '../../../shared/ui/when.tsx';
import classes from '../lists/common.module.css';
import { count } from '../lists/count.ts';
import { fact, Facts, Section, SideDrawer } from '../lists/side-drawer.tsx';
import { KeyStatus, StandingWord } from '../lists/state-word.tsx';
import { useCommonWords } from '../lists/words.ts';
import { Sessions, Tokens } from './person-access.tsx';
import { PersonActs } from './person-acts.tsx';
import { PersonStatus } from './person-status.tsx';
import { usePeopleWords } from './words.ts';

/** All there is to know of somebody, and what can be done. */
export function PersonDrawer({ id, close }: { readonly id: string | undefined; readonly close: () => void }) {
  const common = useCommonWords();
  const [{ data, error, fetching }, again] = useQuery({ query: AdminPersonOfDocument, variables: { id: id ?? '' }, pause: id === undefined });
  const refresh = () => again({ requestPolicy: 'network-only' });
  const found = data?.node != null && 'displayName' in data.node && data.node.id === id ? data.node : undefined;
  return (
    <SideDrawer opened={id !== undefined} title={found?.displayName ?? '…'} close={close}>
      {found !== undefined && <Whole person={found} refresh={refresh} />}
      {found === undefined && error !== undefined && <Trouble error={error} retry={refresh} />}
      {found === undefined && error === undefined && (fetching ? <SkeletonRows rows={12} /> : <Text>{common('missing')}</Text>)}
    </SideDrawer>
  );
}

interface WholeProps {
  readonly person: AdminPersonWholeFragment;
  readonly refresh: () => void;
}

function Whole({ person, refresh }: WholeProps) {
  const t = usePeopleWords();
  return (
    <Stack gap="lg">
      <Account person={person} />
      {person.deletedAt === null && <PersonActs key={person.id} person={person} refresh={refresh} />}
      <Wallet person={person} />
      <Section title={t('pool')}>
        <Pool person={person} />
      </Section>
      <Keys person={person} />
      <Tokens person={person} />
      <Sessions person={person} refresh={refresh} />
      <Group gap="md">
        <Anchor component={Link} to="/admin/audit" search={{ actor: person.id } as never} size="sm">
          {t('audit')}
        </Anchor>
        <Anchor component={Link} to="/admin/audit" search={{ subject: person.id } as never} size="sm">
          {t('auditSubject')}
        </Anchor>
        <Anchor component={Link} to="/admin/ledger" search={{ person: person.id } as never} size="sm">
          {t('ledger')}
        </Anchor>
      </Group>
    </Stack>
  );
}

function Account({ person }: { readonly person: AdminPersonWholeFragment }) {
  const t = usePeopleWords();
  return (
    <Facts
      facts={[
        fact(t('status'), <PersonStatus person={person} />),
        fact(t('email'), person.email ?? '—'),
        fact(t('verified'), person.emailVerifiedAt === null ? t('notVerified') : <When at={person.emailVerifiedAt} />),
        fact(t('role'), [...person.roles.map((role) => t(role)), ...(person.customRoles ?? [])].join(', ')),
        fact(t('password'), t(person.hasPassword === true ? 'on' : 'off')),
        fact(t('secondFactor'), t(person.secondFactor?.since == null ? 'off' : 'on')),
        fact(t('joined'), <When at={person.createdAt} />),
        fact(t('id'), <code className={classes.code}>{person.id}</code>),
      ]}
    />
  );
}

function Wallet({ person: { wallet } }: { readonly person: AdminPersonWholeFragment }) {
  const t = usePeopleWords();
  if (wallet === null) {
    return null;
  }
  return (
    <Section title={t('wallet')}>
      <SimpleGrid cols={{ base: 2, xs: 4 }} spacing="xs">
        {(['available', 'held', 'vesting', 'owed'] as const).map((part) => (
          <Paper key={part} withBorder p="xs">
            <Text size="sm" c="dimmed">
              {t(part)}
            </Text>
            <Text fw={600} component="div" {...(part === 'owed' && wallet.owed !== '0' ? { c: 'var(--bad)' } : {})}>
              <Credits amount={wallet[part]} />
            </Text>
          </Paper>
        ))}
      </SimpleGrid>
    </Section>
  );
}

function Pool({ person: { pool } }: { readonly person: AdminPersonWholeFragment }) {
  const t = usePeopleWords();
  if (pool === null) {
    return (
      <Text size="sm" c="dimmed">
        {t('noPool')}
      </Text>
    );
  }
  return (
    <Facts
      facts={[
        fact(t('standing'), <StandingWord standing={pool.standing} />),
        fact(t('contributed'), <Dollars amount={pool.resourcesContributed} places={9} />),
        fact(t('used'), <Dollars amount={pool.resourceConsumed} places={9} />),
        fact(t('remaining'), <Dollars amount={pool.remaining} places={9} />),
        fact(t('revenue'), <Credits amount={pool.platformRevenue} places={9} />),
        fact(t('profit'), <Credits amount={pool.platformProfit} places={9} signed />),
        fact(t('requests'), <span className="money">{count(pool.requests)}</span>),
      ]}
    />
  );
}

function Keys({ person: { id, resources } }: { readonly person: AdminPersonWholeFragment }) {
  const t = usePeopleWords();
  return (
    <Section
      title={t('keys')}
      action={
        resources.totalCount > 0 && (
          <Anchor component={Link} to="/admin/resources" search={{ person: id } as never} size="sm">
            {t('allKeys', { n: count(resources.totalCount) })}
          </Anchor>
        )
      }
    >
      {resources.totalCount === 0 && (
        <Text size="sm" c="dimmed">
          {t('noKeys')}
        </Text>
      )}
      {resources.edges.map(({ node }) => (
        <Group key={node.id} justify="space-between" wrap="nowrap" gap="sm">
          <Anchor component={Link} to="/admin/resources" search={{ row: node.id } as never} size="sm" truncate title={`${node.label} ${node.maskedKey}`}>
            {node.label === '' ? node.maskedKey : node.label} · {node.provider}
          </Anchor>
          <Group gap="sm" wrap="nowrap">
            <Text size="sm" component="div">
              <KeyStatus status={node.status} />
            </Text>
            <Text size="sm" component="div">
              <Dollars amount={node.currentQuota} places={2} />
            </Text>
          </Group>
        </Group>
      ))}
    </Section>
  );
}
