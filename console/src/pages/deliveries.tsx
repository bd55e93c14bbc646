import { Anchor, Badge, Button, Drawer, Group, Text } from '@mantine/core';
import { Link } from 'react-router';

import type { Schemas } from '../api/client';
import { useListing } from '../api/queries';
import type { Delivery, DeliveryFilter, Webhook, WebhookKind } from '../api/webhooks';
import { ChoiceFilter, choices, FilterBar, useFilters } from '../parts/filters';
import { Empty } from '../parts/layout';
import { List } from '../parts/list';
import { eventName, lastOutcome, State, Time } from '../parts/values';
import { texts } from '../texts';
import { DeliveryView } from './delivery_view';

const said = texts.deliveries;
const FILTERS = ['state', 'event', 'result', 'since'];
const STATES = Object.fromEntries(
  ['queued', 'sending', 'retrying', 'delivered', 'exhausted', 'cancelled'].map((state) => [state, texts.states[state] ?? state]),
);

/** The log of one webhook. A delivery opens beside the list, and is in the address. */
export function Deliveries({ kind, webhook, test }: { kind: WebhookKind; webhook: Webhook; test: (() => void) | null }) {
  const filters = useFilters();
  const [state, event, result, since] = FILTERS.map(filters.get) as [string, string, string, string];
  const chosen = { state, event, result, since };
  const listing = useListing<Delivery>(
    [...kind.key, webhook.id, 'deliveries', chosen],
    (cursor) => kind.deliveries(webhook.id, filterOf(chosen), cursor),
    { refresh: 5000 },
  );
  const opened = filters.get('delivery');
  const filtered = Boolean(state || event || result || since);
  return (
    <>
      <Group justify="space-between" mb="md">
        <FilterBar filters={filters} names={FILTERS}>
          <ChoiceFilter filters={filters} name="state" label={said.state} any={said.anyState} choices={choices(STATES)} />
          {webhook.events.length > 1 && (
            <ChoiceFilter
              filters={filters}
              name="event"
              label={said.event}
              any={said.anyEvent}
              choices={webhook.events.map((value) => ({ value, label: eventName(value) }))}
            />
          )}
          <ChoiceFilter filters={filters} name="result" label={said.result} any={said.anyResult} choices={choices(said.results)} />
          <ChoiceFilter filters={filters} name="since" label={said.since} any={said.anyTime} choices={choices(said.sinces)} />
        </FilterBar>
        <Text size="xs" c="dimmed">
          {said.live}
        </Text>
      </Group>
      <List
        label={said.title}
        listing={listing}
        id={(delivery) => delivery.id}
        marked={opened}
        columns={[
          {
            title: said.event,
            wide: true,
            cell: (delivery) => (
              <Group gap={6}>
                <Anchor
                  component={Link}
                  to={`?${withDelivery(delivery.id)}`}
                  replace
                  preventScrollReset
                  fw={500}
                  size="sm"
                >
                  {eventName(delivery.event_type)}
                </Anchor>
                {delivery.test && <Badge variant="default">{said.test}</Badge>}
                {delivery.replayed_at && <Badge variant="default">{said.replayed}</Badge>}
              </Group>
            ),
          },
          { title: said.state, cell: (delivery) => <State of={delivery.state} /> },
          { title: said.answer, cell: (delivery) => <Text size="sm" ff="monospace">{lastOutcome(delivery)}</Text> },
          { title: said.attempts, cell: (delivery) => delivery.attempts.length },
          { title: said.time, cell: (delivery) => <Time at={delivery.created_at} /> },
        ]}
        empty={
          filtered ? (
            <Empty title={said.noneFound} about={said.noneFoundAbout} />
          ) : (
            <Empty title={said.emptyTitle} about={kind.name === 'callback' ? said.emptyOfCallback : said.emptyAbout}>{test && <Button onClick={test}>{texts.webhooks.test}</Button>}</Empty>
          )
        }
      />
      <Drawer
        opened={opened !== ''}
        onClose={() => filters.set('delivery', null)}
        position="right"
        size="lg"
        title={said.delivery}
      >
        {opened && <DeliveryView kind={kind} webhookId={webhook.id} id={opened} linked />}
      </Drawer>
    </>
  );
}

function filterOf(chosen: { state: string; event: string; result: string; since: string }): DeliveryFilter {
  return {
    ...(chosen.state ? { state: chosen.state as Schemas['DeliveryState'] } : {}),
    ...(chosen.event ? { event_type: chosen.event as Schemas['EventType'] } : {}),
    ...(chosen.result ? { result: chosen.result as Schemas['Result'] } : {}),
    ...(chosen.since ? { since: new Date(Date.now() - Number(chosen.since) * 3_600_000).toISOString() } : {}),
  };
}

function withDelivery(id: string): string {
  const parameters = new URLSearchParams(window.location.search);
  parameters.set('delivery', id);
  return parameters.toString();
}
