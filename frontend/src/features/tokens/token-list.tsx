import { Button, Group, Paper, Progress, Stack, Table, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconBan, IconCircleCheck, IconClockOff } from '@tabler/icons-react';
import type { TokenRowFragment } from '../../graphql/graphql.ts';
import { showAmount, unitsOf } from '../../shared/money.ts';
import { When } from '../../shared/ui/when.tsx';
import { stateOf } from './token-form.ts';
import classes from './tokens.module.css';
import { useWords } from './words.ts';

interface ListProps {
  readonly tokens: readonly TokenRowFragment[];
  readonly revoke: (token: TokenRowFragment) => void;
}

/** Tokens as a table; on a phone as cards. */
export function TokenList({ tokens, revoke }: ListProps) {
  const t = useWords();
  const narrow = useMediaQuery('(max-width: 61.99em)') ?? false;
  if (narrow) {
    return (
      <Stack gap="sm" component="ul" p={0} m={0} aria-label={t('list')} style={{ listStyle: 'none' }}>
        {tokens.map((token) => (
          <Card key={token.id} token={token} revoke={revoke} />
        ))}
      </Stack>
    );
  }
  return (
    <Paper withBorder>
      <Table aria-label={t('list')} verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('name')}</Table.Th>
            <Table.Th>{t('token')}</Table.Th>
            <Table.Th>{t('may')}</Table.Th>
            <Table.Th>{t('budget')}</Table.Th>
            <Table.Th>{t('lastUsed')}</Table.Th>
            <Table.Th>{t('expires')}</Table.Th>
            <Table.Th>{t('actions')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {tokens.map((token) => (
            <Table.Tr key={token.id} className={stateOf(token) === 'active' ? '' : classes.ended}>
              <Table.Td className={classes.name}>
                <Text size="sm" fw={500} truncate title={token.name}>
                  {token.name}
                </Text>
                <State token={token} />
              </Table.Td>
              <Table.Td className={classes.masked}>{token.maskedSecret}</Table.Td>
              <Table.Td className={classes.may}>
                <May token={token} />
              </Table.Td>
              <Table.Td>
                <Budget token={token} />
              </Table.Td>
              <Table.Td>
                <LastUsed token={token} />
              </Table.Td>
              <Table.Td>
                <Expires token={token} />
              </Table.Td>
              <Table.Td>
                <Revoke token={token} revoke={revoke} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Paper>
  );
}

function Card({ token, revoke }: { readonly token: TokenRowFragment; readonly revoke: (token: TokenRowFragment) => void }) {
  const t = useWords();
  return (
    <Paper withBorder p="sm" component="li">
      <Stack gap={6}>
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <div style={{ minWidth: 0 }}>
            <Text fw={500} truncate title={token.name}>
              {token.name}
            </Text>
            <span className={classes.masked}>{token.maskedSecret}</span>
          </div>
          <State token={token} />
        </Group>
        <May token={token} />
        <Budget token={token} />
        <Group justify="space-between" wrap="nowrap">
          <Text size="sm" c="dimmed" component="div">
            {t('lastUsed')}: <LastUsed token={token} />
            <br />
            {t('expires')}: <Expires token={token} />
          </Text>
          <Revoke token={token} revoke={revoke} />
        </Group>
      </Stack>
    </Paper>
  );
}

type OfToken = { readonly token: TokenRowFragment };

const states = { active: [IconCircleCheck, 'var(--good)'], expired: [IconClockOff, 'var(--over)'], revoked: [IconBan, 'var(--over)'] } as const;

function State({ token }: OfToken) {
  const t = useWords();
  const state = stateOf(token);
  const [Icon, colour] = states[state];
  return (
    <Group gap={4} wrap="nowrap" c={colour}>
      <Icon size={14} aria-hidden />
      <Text size="xs">{t(state)}</Text>
    </Group>
  );
}

function May({ token: { models, scopes, networks } }: OfToken) {
  const t = useWords();
  const which = models == null ? t('allModels') : models.join(', ');
  const what = scopes == null ? t('anything') : scopes.map((scope) => t(scope)).join(', ');
  const where = networks == null ? t('anywhere') : t('from', { networks: networks.join(', ') });
  return (
    <>
      <Text size="sm" truncate title={which}>
        {which}
      </Text>
      <Text size="xs" c="dimmed" truncate title={`${what} · ${where}`}>
        {what} · {where}
      </Text>
    </>
  );
}

function Budget({ token: { spent, spendLimit, spendLimitPeriod, periodEndsAt, name } }: OfToken) {
  const t = useWords();
  const amount = showAmount(spent);
  if (spendLimit == null) {
    return (
      <>
        <Text size="sm" className="money" title={amount.exact}>
          {t('spentAll', { spent: amount.text })}
        </Text>
        <Text size="xs" c="dimmed">
          {t('noBudget')}
        </Text>
      </>
    );
  }
  const [used, all] = [unitsOf(spent), unitsOf(spendLimit)];
  const share = all === 0n || used >= all ? 100 : Number((used * 100n) / all);
  const said = t('spent', { spent: amount.text, limit: showAmount(spendLimit).text });
  return (
    <Stack gap={4}>
      <Text size="sm" className="money" title={amount.exact}>
        {said}
      </Text>
      <Progress value={share} size={4} color={share >= 90 ? 'red' : 'ledger'} aria-label={`${name}: ${said}`} />
      {spendLimitPeriod != null && (
        <Text size="xs" c="dimmed" component="div">
          {t(spendLimitPeriod)}
          {periodEndsAt != null && (
            <>
              {' · '}
              {t('begins')} <When at={periodEndsAt} distance />
            </>
          )}
        </Text>
      )}
    </Stack>
  );
}

function LastUsed({ token: { lastUsedAt } }: OfToken) {
  const t = useWords();
  return lastUsedAt == null ? t('notYet') : <When at={lastUsedAt} distance />;
}

function Expires({ token: { expiresAt, revokedAt } }: OfToken) {
  const t = useWords();
  if (revokedAt != null) {
    return (
      <>
        {t('revoked')} <When at={revokedAt} />
      </>
    );
  }
  return expiresAt == null ? t('never') : <When at={expiresAt} />;
}

function Revoke({ token, revoke }: { readonly token: TokenRowFragment; readonly revoke: (token: TokenRowFragment) => void }) {
  const t = useWords();
  if (token.revokedAt != null) {
    return null;
  }
  return (
    <Button size="compact-sm" variant="subtle" color="red" aria-label={t('revokeOne', { name: token.name })} onClick={() => revoke(token)}>
      {t('revoke')}
    </Button>
  );
}
