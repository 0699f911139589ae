import { Alert, Anchor, Button, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { IconCircleCheck, IconCircleX, IconRefresh } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useQuery } from 'urql';
import { BooksDocument, type BooksQuery } from '../../../graphql/graphql.ts';
import { Page } from '../../../shared/ui/page.tsx';
import { SkeletonRows, Trouble } from '../../../shared/ui/states.tsx';
import { When } from '../../../shared/ui/when.tsx';
import classes from '../lists/common.module.css';
import { count } from '../lists/count.ts';
import { fact, Facts, Section } from '../lists/side-drawer.tsx';
import { StateWord } from '../lists/state-word.tsx';
import { Checkpoint } from './checkpoint.tsx';
import { useBooksWords } from './words.ts';

type Audit = BooksQuery['ledgerAudit'];

const checks = ['chainValid', 'balanced', 'balancesMatch'] as const;

/** Whether the books hold, and how somebody outside can see for themselves. */
export function BooksPage() {
  const t = useBooksWords();
  // What was checked before says nothing about now.
  const [{ data, error, fetching }, again] = useQuery({ query: BooksDocument, requestPolicy: 'network-only' });
  const audit = data?.ledgerAudit;
  return (
    <Page
      title={t('title')}
      lead={t('lead')}
      actions={
        <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} loading={fetching} onClick={() => again({ requestPolicy: 'network-only' })}>
          {t('again')}
        </Button>
      }
    >
      {error !== undefined && <Trouble error={error} retry={() => again({ requestPolicy: 'network-only' })} />}
      {audit === undefined && error === undefined && <SkeletonRows rows={8} />}
      {audit !== undefined && error === undefined && (
        <Stack gap="lg" aria-busy={fetching}>
          <Verdict audit={audit} />
          <Checks audit={audit} />
          <Figures audit={audit} />
          <Checkpoint />
        </Stack>
      )}
    </Page>
  );
}

function Verdict({ audit }: { readonly audit: Audit }) {
  const t = useBooksWords();
  const good = checks.every((check) => audit[check]);
  if (good) {
    return (
      <Paper withBorder p="md" component="output" display="block">
        <Text fz="lg" fw={600} component="div">
          <StateWord icon={IconCircleCheck} color="good">
            {t('holds')}
          </StateWord>
        </Text>
        <Text size="sm">{t('holdsTold', { head: count(audit.headSeq) })}</Text>
      </Paper>
    );
  }
  return (
    <Alert color="red" variant="light" icon={<IconCircleX aria-hidden />} title={t('broken')} role="alert">
      <Stack gap="xs">
        <Text size="sm">{audit.firstBadSeq === null ? t('brokenNowhere') : t('brokenTold', { seq: count(audit.firstBadSeq) })}</Text>
        <Anchor component={Link} to="/admin/ledger" size="sm" w="max-content">
          {t('openBad')}
        </Anchor>
      </Stack>
    </Alert>
  );
}

function Checks({ audit }: { readonly audit: Audit }) {
  const t = useBooksWords();
  return (
    <Stack gap="xs" component="section">
      <Title order={2} size="h4">
        {t('checks')}
      </Title>
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        {checks.map((check) => (
          <Paper key={check} withBorder p="md">
            <Stack gap={6}>
              <StateWord icon={audit[check] ? IconCircleCheck : IconCircleX} color={audit[check] ? 'good' : 'bad'}>
                <strong>{t(audit[check] ? 'pass' : 'fail')}</strong>
              </StateWord>
              <Text fw={600}>{t(check)}</Text>
              <Text size="sm" c="dimmed">
                {t(`${check}Told`)}
              </Text>
            </Stack>
          </Paper>
        ))}
      </SimpleGrid>
    </Stack>
  );
}

function Figures({ audit }: { readonly audit: Audit }) {
  const t = useBooksWords();
  return (
    <Section title={t('figures')}>
      <Facts
        facts={[
          fact(t('transactions'), <span className="money">{count(audit.transactions)}</span>),
          fact(t('headSeq'), <span className="money">{count(audit.headSeq)}</span>),
          fact(t('headHash'), <code className={classes.code}>{audit.headHash}</code>),
          fact(t('checkedAt'), <When at={audit.checkedAt} />),
          fact(t('from'), audit.fromSeq === '0' ? t('fromAll') : t('fromSeq', { seq: count(audit.fromSeq) })),
          fact(
            t('full'),
            audit.fullCheckedAt === null ? (
              t('never')
            ) : (
              <>
                <When at={audit.fullCheckedAt} />
                {audit.fullHeadSeq !== null && `, ${t('fullTold', { seq: count(audit.fullHeadSeq) })}`}
              </>
            ),
          ),
        ]}
      />
    </Section>
  );
}
