import { Badge, Stack, Text, Title } from '@mantine/core';
import { IconArrowLeft, IconBan } from '@tabler/icons-react';
import { useQuery } from 'urql';
import { type CandidatesFragment, RoutingSettingsDocument } from '../../graphql/graphql.ts';
import classes from './decision.module.css';
import { useDecisionWords, useSayPart, useSayReason } from './routing-words.ts';
import { type Candidate, madeWith, type Part, partsOf, type Weights } from './scores.ts';

const two = (n: number) => n.toFixed(2);

/** Why a request went, or would go, to its key: every candidate with what made its score, and those that were left out. */
export function Decision({ decision, kept = false }: { readonly decision: CandidatesFragment; readonly kept?: boolean }) {
  const t = useDecisionWords();
  const reason = useSayReason();
  const [{ data }] = useQuery({ query: RoutingSettingsDocument, requestPolicy: 'cache-first' });
  const scored = decision.candidates.filter(({ excluded }) => excluded === null);
  const out = decision.candidates.filter(({ excluded }) => excluded !== null);
  const same = data === undefined || madeWith(scored, data.settings);
  const weights = same ? data?.settings : undefined;
  return (
    <Stack gap="sm">
      <Text className={classes.because}>{decision.chosen === null ? t('none') : reason(decision.reason)}</Text>
      {scored.length > 0 && (
        <>
          <ol className={classes.list}>
            {scored.map((candidate) => (
              <Scored key={candidate.resource.id} candidate={candidate} weights={weights} chosen={candidate.resource.id === decision.chosen?.id} />
            ))}
          </ol>
          <Text size="sm" c="dimmed">
            {t(same ? 'parts' : 'otherWeights')}
            {kept && ` ${t('keptTold')}`}
          </Text>
        </>
      )}
      {out.length > 0 && (
        <>
          <Title order={3} size="sm">
            {t('outTold', { count: out.length })}
          </Title>
          <ul className={classes.list}>
            {out.map(({ resource, excluded }) => (
              <li key={resource.id} className={classes.out}>
                <Whose resource={resource} />
                <LeftOut reason={excluded ?? ''} />
              </li>
            ))}
          </ul>
        </>
      )}
    </Stack>
  );
}

function LeftOut({ reason }: { readonly reason: string }) {
  const say = useSayPart();
  return (
    <Text size="sm" c="dimmed" className={classes.reason}>
      <IconBan size={14} aria-hidden /> {say(reason)}
    </Text>
  );
}

function Whose({ resource }: { readonly resource: Candidate['resource'] }) {
  const t = useDecisionWords();
  const owner = resource.owner?.displayName ?? t('platform');
  const title = [owner, resource.label, resource.maskedKey].filter((text) => text !== '').join(' · ');
  return (
    <span className={classes.whose} title={title}>
      <strong>{owner}</strong> <span className={classes.soft}>{resource.maskedKey}</span>
    </span>
  );
}

function Scored({ candidate, weights, chosen }: { readonly candidate: Candidate; readonly weights: Weights | undefined; readonly chosen: boolean }) {
  const t = useDecisionWords();
  const say = useSayPart();
  const { resource, penalties, score } = candidate;
  return (
    <li className={classes.candidate} data-chosen={chosen}>
      <div className={classes.head}>
        <Whose resource={resource} />
        {chosen && (
          <Badge variant="light" size="sm" leftSection={<IconArrowLeft size={12} aria-hidden />} className={classes.badge}>
            {t('chosen')}
          </Badge>
        )}
        <span className={classes.score}>
          <span className={classes.soft}>{t('score')}</span> <strong className="money">{two(score)}</strong>
        </span>
      </div>
      <div className={classes.bars}>
        {partsOf(candidate, weights).map((part) => (
          <Bar key={part.name} part={part} />
        ))}
      </div>
      {(penalties.length > 0 || resource.backup) && (
        <Text size="sm" className={classes.penalties}>
          {penalties.map(({ name, factor }) => (
            <span key={name}>
              <span className="money">× {two(factor)}</span> {say(name)}
            </span>
          ))}
          {resource.backup && <span>{t(chosen ? 'backupServes' : 'backup')}</span>}
        </Text>
      )}
    </li>
  );
}

function Bar({ part: { name, share, adds, most } }: { readonly part: Part }) {
  const t = useDecisionWords();
  return (
    <div className={classes.part}>
      <span className={classes.soft}>{t(name)}</span>
      <span className={classes.track} aria-hidden>
        <span className={classes.fill} style={{ width: `${share * 100}%` }} />
      </span>
      <span className="money" title={t('of', { part: two(adds), most: two(most) })}>
        {two(adds)}
      </span>
    </div>
  );
}
