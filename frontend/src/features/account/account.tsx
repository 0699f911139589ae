import { useQuery } from 'urql';
import { AccountDocument, type AccountQuery } from '../../graphql/graphql.ts';
import { Page } from '../../shared/ui/page.tsx';
import { SkeletonRows, Trouble } from '../../shared/ui/states.tsx';
import { Deletion } from './deletion.tsx';
import { Events } from './events.tsx';
import { Identities } from './identities.tsx';
import { Passkeys } from './passkeys.tsx';
import { Password } from './password.tsx';
import { Profile } from './profile.tsx';
import { SecondFactor } from './second-factor.tsx';
import { Sessions } from './sessions.tsx';
import { useWords } from './words.ts';

/** The account of who looks at it. */
export type Owner = NonNullable<AccountQuery['viewer']>;

/** Who somebody is here, and what keeps others from being them. */
export function Account() {
  const t = useWords();
  const [{ data, error }, again] = useQuery({ query: AccountDocument });
  const owner = data?.viewer;
  const refresh = () => again({ requestPolicy: 'network-only' });
  return (
    <Page title={t('title')} lead={t('lead')}>
      {owner == null && error !== undefined && <Trouble error={error} retry={refresh} />}
      {owner == null && error === undefined && <SkeletonRows rows={10} />}
      {owner != null && (
        <>
          <Profile owner={owner} />
          <Password has={owner.hasPassword ?? true} email={owner.email ?? ''} />
          <SecondFactor factor={owner.secondFactor} />
          <Passkeys passkeys={owner.passkeys} offered={data?.signInMethods.passkeys ?? false} refresh={refresh} />
          <Identities identities={owner.identities} name={data?.signInMethods.oidc?.name} refresh={refresh} />
          <Sessions sessions={owner.sessions} refresh={refresh} />
          <Events owner={owner.id} />
          <Deletion email={owner.email ?? ''} />
        </>
      )}
    </Page>
  );
}
