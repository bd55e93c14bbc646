import { Alert, Anchor, Badge, Button, CopyButton, Group, SimpleGrid, Stack, Text, Timeline, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';

import type { ApiError, Schemas } from '../api/client';
import { useChange } from '../api/queries';
import { deliveryKey, type DeliveryRead, type WebhookKind, webhookQuery } from '../api/webhooks';
import { asCurl } from '../curl';
import { CodeBlock, CopyText } from '../parts/copy';
import { Fact } from '../parts/facts';
import { Loaded } from '../parts/layout';
import { eventName, outcome, sentence, State, Time } from '../parts/values';
import { useMay } from '../roles';
import { texts } from '../texts';

const said = texts.deliveries;
const OVER = ['delivered', 'exhausted', 'cancelled'];
const COLORS: Record<string, string> = { delivered: 'teal', failed: 'red', open: 'blue', unknown: 'gray' };

export function DeliveryView({ kind, webhookId, id, linked }: {
  kind: WebhookKind;
  webhookId: string;
  id: string;
  linked?: boolean;
}) {
  const query = useQuery<DeliveryRead, ApiError>({
    queryKey: deliveryKey(kind, webhookId, id),
    queryFn: () => kind.delivery(webhookId, id),
    refetchInterval: (current) => (current.state.data && OVER.includes(current.state.data.state) ? 10_000 : 1500),
  });
  return (
    <Loaded query={query}>
      {(delivery) => <Shown kind={kind} delivery={delivery} linked={linked ?? false} />}
    </Loaded>
  );
}

function Shown({ kind, delivery, linked }: { kind: WebhookKind; delivery: DeliveryRead; linked: boolean }) {
  const scopes = { workspace: 'webhooks:write', personal: 'me:webhooks', callback: 'bots:write' } as const;
  const mayWrite = useMay(scopes[kind.name]);
  const webhook = useQuery(webhookQuery(kind, delivery.webhook_id)).data;
  const retry = useChange(() => kind.retry(delivery.webhook_id, delivery.id), {
    touches: [[...kind.key, delivery.webhook_id]],
    done: said.retried,
  });
  return (
    <Stack gap="lg">
      <Group justify="space-between">
        <Group gap="xs">
          <State of={delivery.state} />
          <Text fw={600}>{eventName(delivery.event_type)}</Text>
          {delivery.test && <Badge variant="default">{said.test}</Badge>}
        </Group>
        {mayWrite && OVER.includes(delivery.state) && !delivery.test && webhook && (
          webhook.state === 'enabled' ? (
            <Button size="xs" loading={retry.isPending} onClick={() => retry.mutate(undefined)}>
              {said.retry}
            </Button>
          ) : (
            <Anchor component={Link} to={kind.detailPage(webhook.id)} size="sm" underline="always">
              {said.enableFirst}
            </Anchor>
          )
        )}
      </Group>
      {delivery.reason && (
        <Alert color={delivery.state === 'exhausted' ? 'red' : 'gray'} title={said.reason}>
          <Text size="sm">{sentence(delivery.reason)}</Text>
          {delivery.state === 'exhausted' && !delivery.test && (
            <Text size="sm" mt="xs">
              {said.givenUpAbout}
            </Text>
          )}
        </Alert>
      )}
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <Fact label={said.time}>
          <Time at={delivery.created_at} />
        </Fact>
        {delivery.next_attempt_at && (
          <Fact label={said.next}>
            <Time at={delivery.next_attempt_at} />
          </Fact>
        )}
        <Fact label={said.delivery}>
          <CopyText value={delivery.id} />
        </Fact>
        <Fact label={said.event}>
          <CopyText value={delivery.event_id} />
        </Fact>
      </SimpleGrid>
      {delivery.attempts.length === 0 ? (
        <Text size="sm" c="dimmed">
          {said.noAttempt}
        </Text>
      ) : (
        <Timeline active={delivery.attempts.length} bulletSize={16} lineWidth={2}>
          {delivery.attempts.map((attempt) => (
            <Timeline.Item
              key={attempt.number}
              color={COLORS[attempt.outcome] ?? 'blue'}
              title={
                <Group gap={8}>
                  <span>{said.attempt(attempt.number)}</span>
                  <Text span ff="monospace" size="sm">
                    {outcome(attempt)}
                  </Text>
                  {attempt.duration_ms !== null && (
                    <Text span size="xs" c="dimmed">
                      {said.duration(attempt.duration_ms)}
                    </Text>
                  )}
                </Group>
              }
            >
              <Time at={attempt.at} />
              <Attempt attempt={attempt} />
            </Timeline.Item>
          ))}
        </Timeline>
      )}
      {delivery.request && webhook && <Request request={delivery.request} url={webhook.url} />}
      {linked && (
        <Anchor component={Link} to={kind.deliveryPage(delivery.webhook_id, delivery.id)} size="sm">
          {said.fullPage}
        </Anchor>
      )}
    </Stack>
  );
}

function Attempt({ attempt }: { attempt: Schemas['AttemptOut'] }) {
  if (attempt.outcome === 'open') return null;
  return (
    <Stack gap={6} mt={6}>
      {attempt.excerpt ? (
        <>
          <Text size="xs" c="dimmed">
            {said.excerpt}
          </Text>
          <CodeBlock value={attempt.excerpt} label={`${said.excerpt}, ${said.attempt(attempt.number)}`} />
        </>
      ) : (
        attempt.status !== null && (
          <Text size="xs" c="dimmed">
            {said.noExcerpt}
          </Text>
        )
      )}
      {attempt.reply && (
        <Text size="sm">
          {said.reply} {attempt.reply}
        </Text>
      )}
    </Stack>
  );
}

/** The request as it was sent, and the line that sends it once more from a terminal. */
function Request({ request, url }: { request: Schemas['RequestOut']; url: string }) {
  const [formatted, setFormatted] = useState(true);
  const pretty = request.body === null ? null : prettyOf(request.body);
  const headers = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`);
  return (
    <Stack gap="xs" component="section" aria-label={said.request}>
      <Group justify="space-between">
        <Title order={2} fz={15}>
          {said.request}
        </Title>
        <CopyButton value={asCurl(url, request.headers, request.body)} timeout={2000}>
          {({ copied, copy }) => (
            <Button size="compact-sm" variant="default" onClick={copy}>
              {copied ? texts.actions.copied : said.curl}
            </Button>
          )}
        </CopyButton>
      </Group>
      <Text size="xs" c="dimmed">
        {said.requestAbout}
      </Text>
      <CodeBlock value={[`POST ${url}`, ...headers].join('\n')} label={said.headers} />
      {request.body === null ? (
        <Text size="sm" c="dimmed">
          {said.bodyGone}
        </Text>
      ) : (
        <>
          <Group justify="space-between">
            <Text size="xs" c="dimmed">
              {said.body}
            </Text>
            {pretty !== null && (
              <Button size="compact-xs" variant="subtle" onClick={() => setFormatted(!formatted)}>
                {formatted ? said.asSent : said.formatted}
              </Button>
            )}
          </Group>
          <CodeBlock value={(formatted && pretty) || request.body} copies={request.body} label={said.body} />
        </>
      )}
    </Stack>
  );
}

/** A body of JSON with its lines indented; null for any other. */
function prettyOf(body: string): string | null {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return null;
  }
}
