import { Alert, Anchor, Badge, Button, Group, SimpleGrid, Stack, Text, Textarea } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useParams } from 'react-router';

import { api, type ApiError, body, type Schemas } from '../api/client';
import { useChange } from '../api/queries';
import { AttachmentView } from '../parts/attachment';
import { Failure, Loaded, Page, Section } from '../parts/layout';
import { MessageText } from '../parts/message_text';
import { useMay } from '../roles';
import samples from '../samples.json';
import { texts } from '../texts';
import { hooks } from '../texts/hooks';
import { translation as said } from '../texts/translation';

type Incoming = Schemas['IncomingWebhookOut'];
type Sample = { headers: Record<string, string>; payload: unknown; expression: string };
const SAMPLES = samples as unknown as Record<Schemas['Source'], Sample>;
const BACK = { to: '/settings/integrations/incoming-webhooks', label: texts.incoming.title };
const PAUSE = 500; // milliseconds without a key until it is tried

export default function Translation() {
  const { id = '' } = useParams();
  const query = useQuery<Incoming, ApiError>({
    queryKey: ['incoming', id],
    queryFn: () => body(api.GET('/v1/incoming-webhooks/{incoming_webhook_id}', { params: { path: { incoming_webhook_id: id } } })),
  });
  const webhook = query.data;
  const source = webhook?.source;
  return (
    <Page
      title={webhook ? said.title(webhook.title ?? webhook.name) : hooks.translation}
      description={source && said.about(hooks.sources[source])}
      back={BACK}
    >
      <Loaded query={query}>
        {(one) => (one.source ? <Editor key={one.id} webhook={one} source={one.source} /> : <Alert color="yellow">{said.noSource}</Alert>)}
      </Loaded>
    </Page>
  );
}

/** The lines `Name: value` as headers, or the first line that is none. */
function headersOf(text: string): Record<string, string> | string {
  const headers: Record<string, string> = {};
  for (const line of text.split('\n').filter((one) => one.trim())) {
    const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(line.trim()) ?? [];
    if (!name || value === undefined) return said.notHeader(line);
    headers[name] = value;
  }
  return headers;
}

function parsed(text: string): { payload: unknown } | string {
  try {
    return { payload: JSON.parse(text) as unknown };
  } catch (error) {
    return said.notJson((error as Error).message);
  }
}

function Editor({ webhook, source }: { webhook: Incoming; source: Schemas['Source'] }) {
  const mayWrite = useMay('webhooks:write');
  const sample = SAMPLES[source];
  const [text, setText] = useState(() => JSON.stringify(sample.payload, null, 2));
  const [headerText, setHeaderText] = useState(() => linesOf(sample));
  const [expression, setExpression] = useState(webhook.translation ?? '');
  const payload = parsed(text);
  const headers = headersOf(headerText);
  const wanted = { translation: expression.trim() ? expression : null, text, headerText };
  const [settled] = useDebouncedValue(wanted, PAUSE);
  const trial = useQuery<Schemas['PreviewOut'], ApiError>({
    queryKey: ['preview', source, settled],
    queryFn: () => {
      const found = parsed(settled.text);
      const named = headersOf(settled.headerText);
      return body(
        api.POST('/v1/incoming-webhooks/preview', {
          body: {
            source,
            payload: (typeof found === 'string' ? null : found.payload) as Record<string, never>,
            headers: typeof named === 'string' ? {} : named,
            ...(settled.translation ? { translation: settled.translation } : {}),
          },
        }),
      );
    },
    enabled: mayWrite && typeof parsed(settled.text) !== 'string' && typeof headersOf(settled.headerText) !== 'string',
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: Infinity,
  });
  const fault = trial.error?.fields.translation;
  const save = useChange(
    (translation: string | null) =>
      body(
        api.PATCH('/v1/incoming-webhooks/{incoming_webhook_id}', {
          params: { path: { incoming_webhook_id: webhook.id } },
          body: { translation },
        }),
      ),
    { touches: [['incoming']], done: (one) => (one.translation ? said.saved : said.removed) },
  );
  const changed = wanted.translation !== webhook.translation;
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      <Section
        title={said.payload}
        about={said.payloadAbout}
        actions={
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => {
              setText(JSON.stringify(sample.payload, null, 2));
              setHeaderText(linesOf(sample));
            }}
          >
            {said.sample(hooks.sources[source])}
          </Button>
        }
      >
        <Textarea
          label={said.json}
          className="mono"
          autosize
          minRows={10}
          maxRows={24}
          spellCheck={false}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          error={typeof payload === 'string' ? payload : null}
        />
        <Textarea
          label={said.headers}
          description={said.headersAbout}
          className="mono"
          autosize
          minRows={1}
          spellCheck={false}
          value={headerText}
          onChange={(event) => setHeaderText(event.currentTarget.value)}
          error={typeof headers === 'string' ? headers : null}
        />
      </Section>
      <Stack>
        <Section
          title={said.expression}
          about={said.expressionAbout}
          actions={
            <Button size="compact-sm" variant="default" disabled={!mayWrite} onClick={() => setExpression(sample.expression)}>
              {said.example}
            </Button>
          }
        >
          <Textarea
            aria-label={said.expression}
            className="mono"
            autosize
            minRows={5}
            maxRows={20}
            spellCheck={false}
            readOnly={!mayWrite}
            value={expression}
            onChange={(event) => setExpression(event.currentTarget.value)}
            error={fault}
          />
          {fault && settled.translation && <Place expression={settled.translation} fault={fault} />}
          <Group justify="space-between">
            <Anchor href="https://jmespath.org/examples.html" target="_blank" rel="noreferrer" size="sm">
              {said.reference}
            </Anchor>
            {mayWrite && (
              <Group>
                <Text size="sm" c="dimmed">
                  {!changed && said.unchanged}
                </Text>
                <Button
                  disabled={!changed || Boolean(fault)}
                  loading={save.isPending}
                  onClick={() => save.mutate(wanted.translation)}
                >
                  {wanted.translation || !webhook.translation ? said.save : said.remove}
                </Button>
              </Group>
            )}
          </Group>
        </Section>
        <Section
          title={said.result}
          actions={<Badge variant="default">{settled.translation ? said.own : said.ours}</Badge>}
        >
          <div role="status" aria-live="polite">
            {trial.error ? (
              fault ? <Text size="sm">{said.failed}</Text> : <Failure error={trial.error} />
            ) : trial.data ? (
              <Result made={trial.data} />
            ) : (
              <Text size="sm" c="dimmed">
                {said.waiting}
              </Text>
            )}
          </div>
        </Section>
      </Stack>
    </SimpleGrid>
  );
}

function linesOf({ headers }: Sample): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');
}

/** The line of the expression that the fault names, with a mark below the column. */
function Place({ expression, fault }: { expression: string; fault: string }) {
  const [, line, column] = /at line (\d+), column (\d+)\.$/.exec(fault) ?? [];
  if (!line || !column) return null;
  return (
    <pre className="place" aria-hidden>
      {`${expression.split('\n')[Number(line) - 1] ?? ''}\n${' '.repeat(Number(column) - 1)}^`}
    </pre>
  );
}

function Result({ made }: { made: Schemas['PreviewOut'] }) {
  if (made.text === null) return <Text size="sm">{said.silent}</Text>;
  return (
    <>
      <MessageText>{made.text}</MessageText>
      {((made.attachments ?? []) as Schemas['AttachmentOut'][]).map((attachment, index) => (
        <AttachmentView key={index} attachment={attachment} />
      ))}
    </>
  );
}
