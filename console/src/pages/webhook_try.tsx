import { Alert, Anchor, Button, Group, Select, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';

import { api, type ApiError, body, type Schemas } from '../api/client';
import { useChange } from '../api/queries';
import type { Delivery, Webhook, WebhookKind } from '../api/webhooks';
import { Dialog } from '../parts/dialogs';
import { Failure } from '../parts/layout';
import { eventName, lastOutcome } from '../parts/values';
import { texts } from '../texts';

const said = texts.webhooks;
/** A signed test delivery, or a small request without a signature. */
export type Attempt = 'test' | 'check';

/** Sends something to a webhook and shows the answer in place. */
export function Try({ kind, webhook, attempt, close }: { kind: WebhookKind; webhook: Webhook; attempt: Attempt | null; close: () => void }) {
  return (
    <>
      <Dialog opened={attempt === 'test'} close={close} title={said.testTitle}>
        <Test kind={kind} webhook={webhook} />
      </Dialog>
      <Dialog opened={attempt === 'check'} close={close} title={said.checkTitle}>
        <Check webhook={webhook} />
      </Dialog>
    </>
  );
}

function Test({ kind, webhook }: { kind: WebhookKind; webhook: Webhook }) {
  const [type, setType] = useState<string | null>(webhook.events[0] ?? null);
  const [sent, setSent] = useState<Delivery | null>(null);
  const send = useChange(() => kind.test(webhook.id, type as Schemas['EventType'] | null), { touches: [[...kind.key, webhook.id]] });
  const answer = useQuery<Delivery, ApiError>({
    queryKey: [...kind.key, webhook.id, 'test', sent?.id],
    queryFn: () => kind.delivery(webhook.id, sent?.id ?? ''),
    enabled: sent !== null,
    // The first attempt creates the delivery's record, so the log may not know it yet.
    retry: 10,
    retryDelay: 500,
    refetchInterval: (query) => (query.state.data?.attempts.some((one) => one.outcome !== 'open') ? false : 700),
  });
  const attempt = answer.data?.attempts.at(-1);
  const over = attempt && attempt.outcome !== 'open';
  return (
    <Stack>
      <Text size="sm">{said.testAbout}</Text>
      {webhook.events.length > 1 && (
        <Select label={said.events} data={webhook.events.map((value) => ({ value, label: eventName(value) }))} value={type} onChange={setType} allowDeselect={false} />
      )}
      {sent && (
        <Alert
          color={over ? (attempt.outcome === 'delivered' ? 'teal' : 'red') : 'blue'}
          aria-live="polite"
          {...(over && answer.data ? { title: said.testAnswered(texts.states[answer.data.state] ?? '', lastOutcome(answer.data), attempt.duration_ms) } : {})}
        >
          {over && answer.data ? (
            <Stack gap={6} align="flex-start">
              {attempt.excerpt && <Text size="sm" className="message">{attempt.excerpt}</Text>}
              <Anchor component={Link} to={kind.deliveryPage(webhook.id, answer.data.id)} size="sm" underline="always" c="inherit">
                {said.testOpen}
              </Anchor>
            </Stack>
          ) : (
            said.testWaiting
          )}
        </Alert>
      )}
      <Group justify="flex-end">
        <Button
          loading={send.isPending}
          onClick={() => send.mutate(undefined, { onSuccess: setSent })}
          data-autofocus
        >
          {sent ? said.testAgain : said.test}
        </Button>
      </Group>
    </Stack>
  );
}

/** A small request without a signature, answered in place. */
function Check({ webhook }: { webhook: Webhook }) {
  const send = useChange(
    () => body(api.POST('/v1/webhooks/{webhook_id}/send', { params: { path: { webhook_id: webhook.id } } })),
    { touches: [], quiet: true },
  );
  const sent = send.data;
  return (
    <Stack>
      <Text size="sm">{said.checkAbout}</Text>
      {send.error && <Failure error={send.error} />}
      {sent && (
        <Alert
          color={sent.ok ? 'teal' : 'red'}
          aria-live="polite"
          title={
            sent.ok
              ? said.checkOk(sent.status ?? 0, sent.duration_ms)
              : sent.status === null
                ? said.checkFailed
                : said.checkRefused(sent.status, sent.duration_ms)
          }
        >
          {sent.detail && <Text size="sm">{sent.detail}</Text>}
          {sent.excerpt && (
            <Text size="sm" className="message">
              {sent.excerpt}
            </Text>
          )}
        </Alert>
      )}
      <Group justify="flex-end">
        <Button loading={send.isPending} onClick={() => send.mutate(undefined)} data-autofocus>
          {said.check}
        </Button>
      </Group>
    </Stack>
  );
}
