import { Alert, Anchor, Badge, Button, Group, SimpleGrid, Stack, Text, Timeline } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';

import type { ApiError, Schemas } from '../api/client';
import { useChange } from '../api/queries';
import type { Delivery, Webhook, WebhookKind } from '../api/webhooks';
import { CodeBlock, CopyText } from '../parts/copy';
import { Fact } from '../parts/facts';
import { Loaded } from '../parts/layout';
import { outcome, State, Time } from '../parts/values';
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
  const query = useQuery<Delivery, ApiError>({
    queryKey: [...kind.key, webhookId, 'delivery', id],
    queryFn: () => kind.delivery(webhookId, id),
    refetchInterval: (current) => (current.state.data && OVER.includes(current.state.data.state) ? 10_000 : 1500),
  });
  return (
    <Loaded query={query}>
      {(delivery) => <Shown kind={kind} delivery={delivery} linked={linked ?? false} />}
    </Loaded>
  );
}

function Shown({ kind, delivery, linked }: { kind: WebhookKind; delivery: Delivery; linked: boolean }) {
  const scopes = { workspace: 'webhooks:write', personal: 'me:webhooks', callback: 'bots:write' } as const;
  const mayWrite = useMay(scopes[kind.name]);
  const webhook = useQuery<Webhook, ApiError>({
    queryKey: [...kind.key, delivery.webhook_id],
    queryFn: () => kind.read(delivery.webhook_id),
  }).data;
  const retry = useChange(() => kind.retry(delivery.webhook_id, delivery.id), {
    touches: [[...kind.key, delivery.webhook_id]],
    done: said.retried,
  });
  return (
    <Stack gap="lg">
      <Group justify="space-between">
        <Group gap="xs">
          <State of={delivery.state} />
          <Text fw={600}>{delivery.event_type}</Text>
          {delivery.test && <Badge variant="default">{said.test}</Badge>}
        </Group>
        {mayWrite && OVER.includes(delivery.state) && (
          <Button size="xs" loading={retry.isPending} onClick={() => retry.mutate(undefined)}>
            {said.retry}
          </Button>
        )}
      </Group>
      {delivery.reason && (
        <Alert color={delivery.state === 'exhausted' ? 'red' : 'gray'} title={said.reason}>
          {delivery.reason}
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
              <Attempt attempt={attempt} url={webhook?.url} />
            </Timeline.Item>
          ))}
        </Timeline>
      )}
      {linked && (
        <Anchor component={Link} to={kind.deliveryPage(delivery.webhook_id, delivery.id)} size="sm">
          {said.fullPage}
        </Anchor>
      )}
    </Stack>
  );
}

function Attempt({ attempt, url }: { attempt: Schemas['AttemptOut']; url: string | undefined }) {
  const headers = Object.entries(attempt.request_headers as Record<string, string>);
  return (
    <Stack gap={6} mt={6}>
      {attempt.outcome !== 'open' && (
        <>
          <Text size="xs" c="dimmed">
            {said.excerpt}
          </Text>
          {attempt.excerpt ? (
            <CodeBlock value={attempt.excerpt} label={`${said.excerpt}, ${said.attempt(attempt.number)}`} />
          ) : (
            <Text size="sm">{said.noExcerpt}</Text>
          )}
        </>
      )}
      {headers.length > 0 && (
        <>
          <Text size="xs" c="dimmed">
            {said.headers}
          </Text>
          <CodeBlock
            value={[...(url ? [`POST ${url}`] : []), ...headers.map(([name, value]) => `${name}: ${value}`)].join('\n')}
            label={`${said.headers}, ${said.attempt(attempt.number)}`}
          />
        </>
      )}
    </Stack>
  );
}
