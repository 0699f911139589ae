import { Stack } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from 'urql';
import { DepositFormDocument, type DepositFormQuery, type DepositMutation } from '../../graphql/graphql.ts';
import { formatUnits, unitsOf } from '../../shared/money.ts';
import { Page } from '../../shared/ui/page.tsx';
import { SkeletonRows, Trouble } from '../../shared/ui/states.tsx';
import { useViewer } from '../../shared/viewer.tsx';
import { useLanguage } from '../../shared/words/words.ts';
import { DepositForm } from './deposit-form.tsx';
import classes from './deposit.module.css';
import { Done } from './done.tsx';
import type { Draft } from './fields.tsx';
import { Receives, Summary } from './receives.tsx';
import { readQuota } from './rules.ts';
import { Steps } from './steps.tsx';
import type { DepositSearch } from './search.ts';
import { useDepositWords } from './words.ts';

/** Brings a key to the pool. */
export function DepositPage({ search }: { readonly search: DepositSearch }) {
  const t = useDepositWords();
  const { tag } = useLanguage();
  const [{ data, error }, retry] = useQuery({ query: DepositFormDocument, variables: { lang: tag } });
  return (
    <Page title={t('title')} lead={t('lead')}>
      {data === undefined && error === undefined && <SkeletonRows rows={8} />}
      {data == null && error !== undefined && <Trouble error={error} retry={() => retry({ requestPolicy: 'network-only' })} />}
      {data != null && <Desk form={data} search={search} />}
    </Page>
  );
}

/** An attempt: its id, whether the answer is there, and what came of it. */
interface Attempt {
  readonly id: string;
  readonly over: boolean;
  readonly deposit?: DepositMutation['deposit'];
}

function Desk({ form, search }: { readonly form: DepositFormQuery; readonly search: DepositSearch }) {
  const viewer = useViewer();
  // Keys that are sent to an address of its owner's are the admins' alone.
  const providers = form.providers.filter((one) => !one.customBaseUrl);
  const named = providers.find((one) => one.key === search.provider) ?? providers[0];
  const blank: Draft = { provider: named?.key ?? '', quota: search.quota ?? '', expiry: 'none', date: '', label: '', agreed: false };
  const [draft, setDraft] = useState(blank);
  const [attempt, setAttempt] = useState<Attempt>();
  const { feeRate, credits, vesting } = form.most;
  const quota = readQuota(draft.quota);
  const terms = { feeRate, trustLeft: formatUnits(unitsOf(credits) - unitsOf(vesting)) };
  const steps = attempt !== undefined && <Steps key={attempt.id} id={attempt.id} over={attempt.over} />;
  if (attempt?.deposit !== undefined) {
    const again = () => {
      setAttempt(undefined);
      setDraft({ ...blank, provider: draft.provider, quota: '' });
    };
    return (
      <Stack>
        {steps}
        <Done deposit={attempt.deposit} again={again} />
      </Stack>
    );
  }
  return (
    <Stack>
      {steps}
      <div className={classes.layout}>
        <DepositForm
          providers={providers}
          terms={form.depositTerms}
          draft={draft}
          edit={(change) => setDraft((now) => ({ ...now, ...change }))}
          frozen={viewer.status === 'FROZEN'}
          summary={quota !== undefined && <Summary quota={quota} terms={terms} />}
          begin={(id) => setAttempt({ id, over: false })}
          end={(deposit) => setAttempt((now) => (now === undefined ? now : { ...now, over: true, ...(deposit === undefined ? {} : { deposit }) }))}
        />
        <div className={classes.side}>
          <Receives
            quota={quota}
            terms={terms}
            confirmed={providers.find((one) => one.key === draft.provider)?.reportsBalance ?? false}
          />
        </div>
      </div>
    </Stack>
  );
}
