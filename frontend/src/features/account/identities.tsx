import { Button, Text } from '@mantine/core';
import { useMutation } from 'urql';
import { type IdentityPartsFragment, LinkIdentityDocument, UnlinkIdentityDocument } from '../../graphql/graphql.ts';
import { leave } from '../../shared/leave.ts';
import { problemOf, useSayProblem } from '../../shared/problem.ts';
import { useConfirmed } from '../../shared/reauthenticate.tsx';
import { When } from '../../shared/ui/when.tsx';
import { Block, Line, Section } from './section.tsx';
import { useWords } from './words.ts';

interface IdentitiesProps {
  readonly identities: readonly IdentityPartsFragment[];
  /** What the provider of single sign-on is called; undefined where there is none. */
  readonly name: string | undefined;
  readonly refresh: () => void;
}

/** Who somebody is at a provider of single sign-on. Nothing is shown where there is none, and never was. */
export function Identities({ identities, name, refresh }: IdentitiesProps) {
  const t = useWords();
  const say = useSayProblem();
  const confirmed = useConfirmed();
  const [linking, link] = useMutation(LinkIdentityDocument);
  const [unlinking, unlink] = useMutation(UnlinkIdentityDocument);
  const error = linking.error ?? unlinking.error;
  const problem = error === undefined ? undefined : problemOf(error);
  if (name === undefined && identities.length === 0) {
    return null;
  }
  const begin = async () => {
    const { data } = await confirmed(() => link({}));
    if (data != null) {
      leave(data.linkIdentity.url);
    }
  };
  const end = async (id: string) => {
    await confirmed(() => unlink({ id }));
    refresh();
  };
  return (
    <Section id="sign-on" title={t('signOn')} lead={name === undefined ? t('signOnLeadNone') : t('signOnLead', { name })}>
      {identities.length === 0 && name !== undefined && (
        <Line
          label={t('notLinked')}
          actions={
            <Button variant="default" size="xs" loading={linking.fetching} onClick={() => void begin()}>
              {t('link', { name })}
            </Button>
          }
        />
      )}
      {identities.map(({ id, issuer, subject, createdAt, lastUsedAt }) => (
        <Line
          key={id}
          label={subject}
          actions={
            <Button variant="default" size="xs" loading={unlinking.fetching} onClick={() => void end(id)}>
              {t('unlink')}
            </Button>
          }
        >
          {issuer}
          <br />
          {t('added')} <When at={createdAt} /> · {t('lastUsed')} <When at={lastUsedAt} distance />
        </Line>
      ))}
      {problem !== undefined && (
        <Block>
          <Text size="sm" c="var(--bad)" role="alert">
            {problem.code === 'CONFLICT' ? t('onlyWay') : say(problem)}
          </Text>
        </Block>
      )}
    </Section>
  );
}
