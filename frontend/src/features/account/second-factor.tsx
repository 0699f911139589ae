import { Button, Text } from '@mantine/core';
import { IconCircleCheck, IconCircleOff } from '@tabler/icons-react';
import { useState } from 'react';
import { useMutation } from 'urql';
import { EnrolTotpDocument, type EnrolTotpMutation, NewRecoveryCodesDocument, type SecondFactorPartsFragment } from '../../graphql/graphql.ts';
import { problemOf, useSayProblem } from '../../shared/problem.ts';
import { useConfirmed } from '../../shared/reauthenticate.tsx';
import { When } from '../../shared/ui/when.tsx';
import classes from './account.module.css';
import { DisableForm } from './disable-form.tsx';
import { Enrolment } from './enrolment.tsx';
import { RecoveryCodes } from './recovery-codes.tsx';
import { Block, Line, Section } from './section.tsx';
import { useWords } from './words.ts';

/** What is going on in the section. */
type Step =
  | { readonly at: 'rest' }
  | { readonly at: 'enrolling'; readonly enrolment: EnrolTotpMutation['enrolTotp'] }
  | { readonly at: 'codes'; readonly codes: readonly string[] }
  | { readonly at: 'disabling' };

/** Sets up an authenticator app, and what helps when it is lost. */
export function SecondFactor({ factor }: { readonly factor: SecondFactorPartsFragment['secondFactor'] }) {
  const t = useWords();
  const say = useSayProblem();
  const confirmed = useConfirmed();
  const [enrolling, enrol] = useMutation(EnrolTotpDocument);
  const [renewing, renew] = useMutation(NewRecoveryCodesDocument);
  const [step, setStep] = useState<Step>({ at: 'rest' });
  const rest = () => setStep({ at: 'rest' });
  const begin = async () => {
    const { data } = await confirmed(() => enrol({}));
    if (data != null) {
      setStep({ at: 'enrolling', enrolment: data.enrolTotp });
    }
  };
  const newCodes = async () => {
    const { data } = await confirmed(() => renew({}));
    if (data != null) {
      setStep({ at: 'codes', codes: data.recoveryCodes.recoveryCodes });
    }
  };
  const since = factor?.since ?? null;
  const error = enrolling.error ?? renewing.error;
  return (
    <Section id="second-factor" title={t('factor')} lead={t('factorLead')}>
      {since === null ? (
        <Line
          label={
            <span className={classes.tag} data-tone="off">
              <IconCircleOff size={14} aria-hidden /> {t('factorOff')}
            </span>
          }
          actions={
            step.at === 'rest' && (
              <Button variant="default" size="xs" loading={enrolling.fetching} onClick={() => void begin()}>
                {t('setUp')}
              </Button>
            )
          }
        />
      ) : (
        <Line
          label={
            <span className={classes.tag}>
              <IconCircleCheck size={14} aria-hidden /> {t('factorOn')} <When at={since} />
            </span>
          }
          actions={
            step.at === 'rest' && (
              <>
                <Button variant="default" size="xs" loading={renewing.fetching} onClick={() => void newCodes()}>
                  {t('newCodes')}
                </Button>
                <Button variant="default" size="xs" onClick={() => setStep({ at: 'disabling' })}>
                  {t('turnOff')}
                </Button>
              </>
            )
          }
        >
          {t('codesLeft', { count: factor?.recoveryCodesLeft ?? 0 })}
        </Line>
      )}
      {step.at === 'rest' && error !== undefined && (
        <Block>
          <Text size="sm" c="var(--bad)" role="alert">
            {say(problemOf(error))}
          </Text>
        </Block>
      )}
      {step.at === 'enrolling' && <Enrolment enrolment={step.enrolment} confirmed={(codes) => setStep({ at: 'codes', codes })} cancel={rest} />}
      {step.at === 'codes' && <RecoveryCodes codes={step.codes} kept={rest} />}
      {step.at === 'disabling' && <DisableForm close={rest} />}
    </Section>
  );
}
