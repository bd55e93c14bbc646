import { Button, Checkbox, Group, Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';

import type { ApiError, Schemas } from '../api/client';
import { useChange, useListing } from '../api/queries';
import type { Replay, Webhook, WebhookKind } from '../api/webhooks';
import { Dialog } from '../parts/dialogs';
import { Person } from '../parts/facts';
import { choices } from '../parts/filters';
import { Empty, Failure } from '../parts/layout';
import { List } from '../parts/list';
import { State, Time } from '../parts/values';
import { texts } from '../texts';
import { held } from '../texts/held';

const said = texts.deliveries;
const OVERS: Schemas['Over'][] = ['exhausted', 'cancelled', 'delivered'];

export function Replays({ kind, webhook, mayWrite }: { kind: WebhookKind; webhook: Webhook; mayWrite: boolean }) {
  const [starting, setStarting] = useState(false);
  const listing = useListing<Replay>([...kind.key, webhook.id, 'replays'], (cursor) => kind.replays(webhook.id, cursor), {
    refresh: 2000,
  });
  const stop = useChange((id: string) => kind.cancelReplay(webhook.id, id), {
    touches: [[...kind.key, webhook.id, 'replays']],
    done: said.replayStopped,
  });
  return (
    <Stack>
      {mayWrite && (
        <Group justify="flex-end">
          <Button onClick={() => setStarting(true)}>{said.replay}</Button>
        </Group>
      )}
      <List
        label={texts.webhooks.tabs.replays}
        listing={listing}
        id={(replay) => replay.id}
        columns={[
          { title: said.time, cell: (replay) => <Time at={replay.created_at} /> },
          { title: said.state, cell: (replay) => <State of={replay.state} /> },
          { title: said.replayStates, cell: (replay) => (replay.held ? held.inReplays : replay.states.map((state) => texts.states[state]).join(', ')) },
          { title: said.replayProgress, cell: (replay) => said.requeued(replay.requeued) },
          { title: said.replayBy, cell: (replay) => <Person id={replay.created_by} /> },
          {
            title: said.stop,
            hideTitle: true,
            cell: (replay) =>
              mayWrite && replay.state === 'running' ? (
                <Button size="compact-sm" variant="default" onClick={() => stop.mutate(replay.id)}>
                  {said.stop}
                </Button>
              ) : null,
          },
        ]}
        empty={
          <Empty title={said.replayEmpty} about={said.replayEmptyAbout}>
            {mayWrite && (
              <Button variant="default" onClick={() => setStarting(true)}>
                {said.replay}
              </Button>
            )}
          </Empty>
        }
      />
      <Dialog opened={starting} close={() => setStarting(false)} title={said.replayTitle}>
        <Start kind={kind} webhook={webhook} close={() => setStarting(false)} />
      </Dialog>
    </Stack>
  );
}

/** Range and states first, then the number of deliveries that match, then the start. */
function Start({ kind, webhook, close }: { kind: WebhookKind; webhook: Webhook; close: () => void }) {
  const [states, setStates] = useState<string[]>(['exhausted']);
  const [hours, setHours] = useState('24');
  const [counted, setCounted] = useState<{ input: Schemas['ReplayIn']; preview: Schemas['ReplayPreview'] } | null>(null);
  const input = (): Schemas['ReplayIn'] => ({
    states: states as Schemas['Over'][],
    since: new Date(Date.now() - Number(hours) * 3_600_000).toISOString().replace(/\.\d+/, ''),
  });
  const count = useChange((wanted: Schemas['ReplayIn']) => kind.preview(webhook.id, wanted), { touches: [], quiet: true });
  const start = useChange((wanted: Schemas['ReplayIn']) => kind.replay(webhook.id, wanted), {
    touches: [[...kind.key, webhook.id]],
    done: said.replayStarted,
    quiet: true,
  });
  const error: ApiError | null = count.error ?? start.error;
  return (
    <Stack>
      <Text size="sm">{said.replayAbout}</Text>
      <Checkbox.Group
        label={said.replayStates}
        value={states}
        onChange={(value) => {
          setStates(value);
          setCounted(null);
        }}
      >
        <Group mt="xs">
          {OVERS.map((state) => (
            <Checkbox key={state} value={state} label={texts.states[state]} />
          ))}
        </Group>
      </Checkbox.Group>
      <Select
        label={said.replaySince}
        data={choices(said.sinces)}
        allowDeselect={false}
        value={hours}
        onChange={(value) => {
          setHours(value ?? '24');
          setCounted(null);
        }}
      />
      {error && <Failure error={error} />}
      {counted && (
        <Text size="sm" aria-live="polite">
          {said.matched(counted.preview.matched, counted.preview.complete)} {counted.preview.matched === 0 && said.matchedNone}
        </Text>
      )}
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          {texts.actions.cancel}
        </Button>
        {counted && counted.preview.matched > 0 ? (
          <Button loading={start.isPending} onClick={() => start.mutate(counted.input, { onSuccess: close })}>
            {said.start(counted.preview.matched)}
          </Button>
        ) : (
          <Button
            loading={count.isPending}
            disabled={states.length === 0}
            onClick={() => {
              const wanted = input();
              count.mutate(wanted, { onSuccess: (preview) => setCounted({ input: wanted, preview }) });
            }}
          >
            {said.count}
          </Button>
        )}
      </Group>
    </Stack>
  );
}
