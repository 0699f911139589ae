import { Button, Group, Paper, Select, Stack, Text, Textarea, TextInput, Title } from '@mantine/core';
import { type FormEvent, useMemo, useState } from 'react';
import { useQuery } from 'urql';
import { type CompleteInput, LedgerModelsDocument, RoutingPreviewDocument } from '../../graphql/graphql.ts';
import { SkeletonRows, Trouble } from '../../shared/ui/states.tsx';
import { Decision } from './decision.tsx';
import { useRoutingWords } from './routing-page-words.ts';

interface PreviewProps {
  readonly model: string | undefined;
  readonly change: (model: string | undefined) => void;
}

const whole = /^[1-9]\d{0,8}$/u;

/** How a request would be routed now. */
export function Preview({ model, change }: PreviewProps) {
  const t = useRoutingWords();
  const [{ data: list }] = useQuery({ query: LedgerModelsDocument, requestPolicy: 'cache-first' });
  const models = useMemo(() => [...new Set([...(model === undefined ? [] : [model]), ...(list?.models ?? []).map(({ name }) => name)])].toSorted(), [list, model]);
  const [prompt, setPrompt] = useState('');
  const [most, setMost] = useState('');
  const [asked, setAsked] = useState<CompleteInput>();
  const [missing, setMissing] = useState(false);
  const mostBad = most.trim() !== '' && !whole.test(most.trim());
  const [{ data, error, fetching }, ask] = useQuery({
    query: RoutingPreviewDocument,
    variables: { input: asked ?? { model: '', messages: [] } },
    pause: asked === undefined,
    requestPolicy: 'network-only',
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setMissing(model === undefined);
    if (model === undefined || mostBad) {
      return;
    }
    const input: CompleteInput = {
      model,
      messages: [{ role: 'USER', content: prompt.trim() === '' ? t('promptDefault') : prompt }],
      ...(most.trim() === '' ? {} : { maxTokens: Number(most) }),
    };
    if (JSON.stringify(input) === JSON.stringify(asked)) {
      ask({ requestPolicy: 'network-only' });
    } else {
      setAsked(input);
    }
  };
  return (
    <Paper withBorder p="md" component="section" aria-label={t('preview')}>
      <Stack gap="sm">
        <div>
          <Title order={2} size="h4">
            {t('preview')}
          </Title>
          <Text size="sm" c="dimmed">
            {t('previewTold')}
          </Text>
        </div>
        <form onSubmit={submit} noValidate>
          <Stack gap="sm">
            <Group grow preventGrowOverflow={false} align="flex-start">
              <Select
                label={t('model')}
                data={models}
                value={model ?? null}
                onChange={(value) => change(value ?? undefined)}
                searchable
                limit={60}
                nothingFoundMessage={t('noModel')}
                error={missing && model === undefined ? t('modelMissing') : undefined}
                miw={200}
              />
              <TextInput label={t('maxTokens')} value={most} onChange={(event) => setMost(event.currentTarget.value)} inputMode="numeric" error={mostBad ? t('maxTokensBad') : undefined} miw={200} />
            </Group>
            <Textarea label={t('prompt')} placeholder={t('promptDefault')} value={prompt} onChange={(event) => setPrompt(event.currentTarget.value)} rows={3} resize="vertical" />
            <Button type="submit" w="max-content" disabled={fetching}>
              {t(fetching ? 'running' : 'run')}
            </Button>
          </Stack>
        </form>
        {error !== undefined && !fetching && <Trouble error={error} />}
        {fetching && <SkeletonRows rows={3} />}
        {!fetching && error === undefined && data !== undefined && asked !== undefined && (
          <div aria-live="polite">
            <Decision decision={data.routingPreview} />
          </div>
        )}
      </Stack>
    </Paper>
  );
}
