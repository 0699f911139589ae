import { Button, Paper, Stack, Switch, Title } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { useQuery } from 'urql';
import { TokenModelsDocument, type TokenRowFragment, TokensDocument } from '../../graphql/graphql.ts';
import { Page } from '../../shared/ui/page.tsx';
import { Empty, SkeletonRows, Trouble } from '../../shared/ui/states.tsx';
import { CreateToken, type Made } from './create-token.tsx';
import { NewSecret } from './new-secret.tsx';
import { QuickStart } from './quick-start.tsx';
import { RevokeToken } from './revoke-token.tsx';
import { stateOf } from './token-form.ts';
import { TokenList } from './token-list.tsx';
import classes from './tokens.module.css';
import { useWords } from './words.ts';

/** What of the page is in its address. */
export interface TokensView {
  /** Whether the form of a new token is open. */
  readonly create?: boolean;
  /** Whether those that ended are shown. */
  readonly ended?: boolean;
}

interface TokensProps {
  readonly view: TokensView;
  readonly look: (view: TokensView) => void;
}

/** The tokens of who is signed in, and how a program uses one. */
export function Tokens({ view, look }: TokensProps) {
  const t = useWords();
  const [{ data, error, fetching }, refetch] = useQuery({ query: TokensDocument });
  const [{ data: prices }] = useQuery({ query: TokenModelsDocument, requestPolicy: 'cache-first' });
  const [made, setMade] = useState<Made>();
  const [revoking, setRevoking] = useState<TokenRowFragment>();
  const closeForm = () => look({ ...view, create: false });
  const keep = (fresh: Made) => {
    setMade(fresh);
    closeForm();
    refetch({ requestPolicy: 'network-only' });
  };
  const allowed = made?.token.models?.[0];
  const model = allowed ?? (prices?.models.find(({ available }) => available) ?? prices?.models[0])?.name ?? 'gpt-4';
  const tokens = data?.viewer?.apiTokens;
  return (
    <Page
      title={t('title')}
      lead={t('lead')}
      actions={
        <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => look({ ...view, create: true })}>
          {t('create')}
        </Button>
      }
    >
      <div className={classes.layout}>
        <div className={classes.beside} data-two={made === undefined ? undefined : true}>
          {made !== undefined && <NewSecret key={made.token.id} made={made} kept={() => setMade(undefined)} />}
          {made !== undefined && <QuickStart origin={window.location.origin} model={model} token={made.secret} />}
        </div>
        {error !== undefined && <Trouble error={error} retry={() => refetch({ requestPolicy: 'network-only' })} />}
        {tokens === undefined && fetching && <SkeletonRows />}
        {tokens !== undefined && <Listed tokens={tokens} view={view} look={look} revoke={setRevoking} />}
        {made === undefined && <QuickStart origin={window.location.origin} model={model} token={undefined} />}
      </div>
      {view.create === true && <CreateToken close={closeForm} made={keep} />}
      {revoking !== undefined && <RevokeToken token={revoking} close={() => setRevoking(undefined)} />}
    </Page>
  );
}

function Listed({ tokens, view, look, revoke }: TokensProps & { readonly tokens: readonly TokenRowFragment[]; readonly revoke: (token: TokenRowFragment) => void }) {
  const t = useWords();
  const active = tokens.filter((token) => stateOf(token) === 'active');
  const ended = tokens.length - active.length;
  const shown = view.ended === true ? tokens : active;
  return (
    <Stack gap="sm">
      <Title order={2} size="h4">
        {t('list')}
      </Title>
      {shown.length === 0 ? (
        <Paper withBorder>
          <Empty title={t('none')} action={<Button onClick={() => look({ ...view, create: true })}>{t('create')}</Button>}>
            {t('noneHint')}
          </Empty>
        </Paper>
      ) : (
        <TokenList tokens={shown} revoke={revoke} />
      )}
      {ended > 0 && <Switch size="sm" label={t('showEnded', { count: ended })} checked={view.ended === true} onChange={(event) => look({ ...view, ended: event.currentTarget.checked })} />}
    </Stack>
  );
}
