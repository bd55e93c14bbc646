import { Accordion, Alert, Button, Group, Progress, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { api, type ApiError, body, type Schemas } from '../api/client';
import { type Page as ListPage, useChange, useChats } from '../api/queries';
import type { Replay, Webhook, WebhookKind } from '../api/webhooks';
import { Confirm } from '../parts/dialogs';
import { Loaded, Section } from '../parts/layout';
import { Time } from '../parts/values';
import { held as said } from '../texts/held';

type Choice = Schemas['Held'];

/** The events that a webhook holds, the choice about it, and how far the delivery of it is. A personal webhook holds nothing. */
export function Held({ kind, webhook, mayWrite }: { kind: WebhookKind; webhook: Webhook; mayWrite: boolean }) {
  const [total, setTotal] = useState<number | null>(null);
  return (
    <>
      {webhook.held_from && <Undecided kind={kind} webhook={webhook} mayWrite={mayWrite} chosen={setTotal} />}
      <Delivering kind={kind} webhook={webhook} mayWrite={mayWrite} total={total} />
    </>
  );
}

function Undecided({ kind, webhook, mayWrite, chosen }: {
  kind: WebhookKind;
  webhook: Webhook;
  mayWrite: boolean;
  chosen: (total: number | null) => void;
}) {
  const [skipping, setSkipping] = useState(false);
  const disabled = webhook.state === 'disabled';
  const query = useQuery<Schemas['HeldOut'], ApiError>({
    queryKey: [...kind.key, webhook.id, 'held'],
    // A callback is a webhook of a bot, and holds events under the same address.
    queryFn: () => body(api.GET('/v1/webhooks/{webhook_id}/held', { params: { path: { webhook_id: webhook.id } } })),
  });
  const decide = useChange(
    (held: Choice) => kind.edit(webhook.id, disabled ? { state: 'enabled', held } : { held }),
    { touches: [[...kind.key]] },
  );
  async function deliver(total: number | null) {
    try {
      await decide.mutateAsync('deliver');
      chosen(total);
    } catch {
      return; // The refusal was shown.
    }
  }
  if (query.data?.count === 0) {
    return (
      <Text size="sm" c="dimmed">
        {said.none}
      </Text>
    );
  }
  return (
    <Section title={said.title} about={said.about}>
      <Loaded query={query}>
        {({ count, complete, items, since }) => (
          <Stack>
            <Group justify="space-between">
              <Text size="sm">
                <b>{said.counted(count, complete)}</b> {said.since} <Time at={since} />.
              </Text>
              {mayWrite && (
                <Group gap="xs">
                  <Button
                    loading={decide.isPending}
                    onClick={() => void deliver(complete ? count : null)}
                  >
                    {disabled ? said.enableAndDeliver : said.deliver}
                  </Button>
                  <Button variant="default" onClick={() => setSkipping(true)}>
                    {disabled ? said.enableAndSkip : said.skip}
                  </Button>
                </Group>
              )}
            </Group>
            {items.length > 0 && <Events items={items} all={items.length === count && complete} />}
          </Stack>
        )}
      </Loaded>
      <Confirm
        opened={skipping}
        close={() => setSkipping(false)}
        title={said.skipTitle}
        action={disabled ? said.enableAndSkip : said.skip}
        confirm={() => decide.mutateAsync('skip')}
      >
        {said.skipAbout}
      </Confirm>
    </Section>
  );
}

function Events({ items, all }: { items: Schemas['HeldEventOut'][]; all: boolean }) {
  const chats = useChats().data;
  return (
    <Accordion variant="default" chevronPosition="left">
      <Accordion.Item value="events">
        <Accordion.Control>{all ? said.list : said.first(items.length)}</Accordion.Control>
        <Accordion.Panel>
          <Table aria-label={said.title}>
            <Table.Thead>
              <Table.Tr>
                {[said.event, said.chat, said.time].map((title) => (
                  <Table.Th key={title} scope="col">
                    {title}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {items.map((event) => (
                <Table.Tr key={event.event_id}>
                  <Table.Td className="message">{event.event_type}</Table.Td>
                  <Table.Td>{chats?.find((chat) => chat.id === event.chat_id)?.name ?? event.chat_id}</Table.Td>
                  <Table.Td>
                    <Time at={event.created_at} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}

/** The job that delivers what was held: the one that runs, or the one that was started here. */
function Delivering({ kind, webhook, mayWrite, total }: {
  kind: WebhookKind;
  webhook: Webhook;
  mayWrite: boolean;
  total: number | null;
}) {
  const started = total !== null;
  const query = useQuery<ListPage<Replay>, ApiError>({
    queryKey: [...kind.key, webhook.id, 'held', 'job'],
    queryFn: () => kind.replays(webhook.id),
    refetchInterval: ({ state }) => (state.data?.items.some((one) => one.held && one.state === 'running') ? 2000 : false),
  });
  const job = query.data?.items.find((one) => one.held && (one.state === 'running' || started));
  const stop = useChange((id: string) => kind.cancelReplay(webhook.id, id), { touches: [[...kind.key, webhook.id]] });
  if (!job || job.state === 'cancelled') return null;
  const running = job.state === 'running';
  return (
    <Alert color={running ? 'blue' : 'teal'} title={running ? said.delivering : said.delivered} aria-live="polite">
      <Stack gap="xs">
        <Text size="sm">{said.progress(job.requeued, total)}</Text>
        {running && (
          <Group wrap="nowrap">
            <Progress
              style={{ flex: 1 }}
              value={total ? (100 * job.requeued) / total : 100}
              animated={total === null}
              aria-label={said.delivering}
            />
            {mayWrite && (
              <Button size="compact-sm" variant="default" loading={stop.isPending} onClick={() => stop.mutate(job.id)}>
                {said.stop}
              </Button>
            )}
          </Group>
        )}
      </Stack>
    </Alert>
  );
}
