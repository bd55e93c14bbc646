import { Anchor, Badge, Box, Button, Group, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { Link } from 'react-router';

import { api, body, type Schemas } from '../api/client';
import { useChange, useEventTypes, useListing } from '../api/queries';
import type { Webhook, WebhookFilter, WebhookKind } from '../api/webhooks';
import { Confirm, useNewSecret } from '../parts/dialogs';
import { ChoiceFilter, choices, FilterBar, SearchFilter, useFilters } from '../parts/filters';
import { Health, WebhookStateBadge } from '../parts/health';
import { Page } from '../parts/layout';
import { List, useSelection } from '../parts/list';
import { CreateButton, NothingHere } from '../parts/list_page';
import { notifyDone } from '../parts/notify';
import { options } from '../parts/options';
import { Rate, useStatistics } from '../parts/statistics';
import { Tip } from '../parts/tip';
import { eventName, shortUrl } from '../parts/values';
import { useMay } from '../roles';
import { texts } from '../texts';
import { CreateWebhook, wordsOf } from './webhook_form';
import { type Attempt, Try } from './webhook_try';

const said = texts.webhooks;
const FILTERS = ['name', 'url', 'state', 'event'];
const EVENTS_SHOWN = 2;
const STATES = { enabled: 'Enabled', disabled: 'Disabled' };

type Only = (webhook: Webhook) => boolean;
type EmptyWords = { emptyTitle: string; emptyAbout: string };

/** The first events, a line each, and how many more there are. */
function Events({ names }: { names: string[] }) {
  const shown = names.length > EVENTS_SHOWN + 1 ? names.slice(0, EVENTS_SHOWN) : names;
  return (
    <>
      {shown.map((name) => <Text key={name} size="sm" className="nowrap">{name}</Text>)}
      {shown.length < names.length && <Text size="xs" c="dimmed">{said.moreEvents(names.length - shown.length)}</Text>}
    </>
  );
}

function nameOf(webhook: Webhook): string {
  return webhook.name ?? shortUrl(webhook.url);
}

export function WebhookList({ kind, title, about, only, empty }: {
  kind: WebhookKind;
  title: string;
  about: string;
  only?: Only;
  empty?: EmptyWords;
}) {
  const mayWrite = useMay(kind.name === 'personal' ? 'me:webhooks' : 'webhooks:write');
  return (
    <WebhookListing kind={kind} mayWrite={mayWrite} {...(only ? { only } : {})} {...(empty ? { empty } : {})}>
      {(listing, create) => (
        <Page title={title} description={about} actions={create}>
          {listing}
        </Page>
      )}
    </WebhookListing>
  );
}

/** The list with its filters and its form; the frame around it is that of the screen. */
export function WebhookListing({ kind, mayWrite, only, empty, children }: {
  kind: WebhookKind;
  only?: Only;
  empty?: EmptyWords;
  mayWrite: boolean;
  children: (listing: ReactNode, create: ReactNode) => ReactNode;
}) {
  const words = wordsOf(kind);
  const filters = useFilters();
  const [creating, setCreating] = useState(false);
  const secret = useNewSecret(kind.detailPage);
  const [trying, setTrying] = useState<{ webhook: Webhook; attempt: Attempt } | null>(null);
  const [name, url, state, event] = FILTERS.map(filters.get) as [string, string, string, string];
  // The other kinds have short lists, and no filters.
  const wanted: WebhookFilter = kind.name !== 'workspace' ? {} : {
    ...(name ? { name } : {}),
    ...(url ? { url } : {}),
    ...(state ? { state: state as Schemas['WebhookState'] } : {}),
    ...(event ? { event: event as Schemas['EventType'] } : {}),
  };
  const all = useListing<Webhook>([...kind.key, 'list', wanted], (cursor) => kind.list(cursor, wanted), { refresh: 15_000 });
  const items = only ? all.items?.filter(only) : all.items;
  const counted = useStatistics(undefined, kind.name === 'workspace').data?.items;
  const types = useEventTypes();
  const filtered = Boolean(name || url || state || event);
  const [deleting, setDeleting] = useState(false);
  const selection = useSelection({ title: texts.actions.delete, items, label: (webhook) => webhook.name ?? webhook.url });
  const { chosen } = selection;
  const remove = useChange((ids: string[]) => body(api.POST('/v1/webhooks/delete', { body: { ids } })), {
    // Not what is known of each: those that are gone have nothing to ask for.
    touches: [[...kind.key, 'list'], ['statistics']],
  });
  async function deleteChosen() {
    const { results } = await remove.mutateAsync(chosen.map((webhook) => webhook.id));
    const left = results.filter((one) => one.status !== 'deleted');
    notifyDone(said.deletedMany(results.length - left.length, results.length));
    selection.choose(left.map((one) => one.id));
  }
  const create = mayWrite ? () => setCreating(true) : null;
  const listing = (
    <>
      {kind.name === 'workspace' && (filtered || (items?.length ?? 0) > 0) && (
        <Group justify="space-between">
          <FilterBar filters={filters} names={FILTERS}>
            <SearchFilter filters={filters} name="name" label={said.searchName} />
            <SearchFilter filters={filters} name="url" label={said.searchUrl} />
            <ChoiceFilter filters={filters} name="state" label={said.state} any={said.anyState} choices={choices(STATES)} />
            <ChoiceFilter
              filters={filters}
              name="event"
              label={said.events}
              any={said.anyEvent}
              choices={options({ ...types, data: types.data?.filter((type) => !type.personal) }, ({ type }) => ({ value: type, label: type })).data}
            />
          </FilterBar>
          {chosen.length > 0 && (
            <Button color="red" variant="light" onClick={() => setDeleting(true)}>
              {said.deleteMany(chosen.length)}
            </Button>
          )}
        </Group>
      )}
      <List
        label={words.title}
        listing={{ ...all, items }}
        id={(webhook) => webhook.id}
        columns={[
          ...(mayWrite && kind.name === 'workspace' ? [selection.column] : []),
          {
            title: said.name,
            wide: true,
            cell: (webhook) => (
              <>
                <Anchor component={Link} to={kind.detailPage(webhook.id)} fw={500} size="sm">
                  {webhook.name ?? shortUrl(webhook.url)}
                </Anchor>
                {(webhook.name ?? '') !== '' && (
                  <Text size="xs" c="dimmed">
                    {shortUrl(webhook.url)}
                  </Text>
                )}
                {kind.name === 'workspace' && (webhook.bot_id ?? webhook.application_id) !== null && (
                  <Box mt={4}>
                    <Badge size="sm" variant="default">
                      {webhook.bot_id ? said.ofBot : said.ofApplication}
                    </Badge>
                  </Box>
                )}
              </>
            ),
          },
          { title: said.events, cell: (webhook) => <Events names={webhook.events.map(eventName)} />, wide: true },
          { title: said.state, cell: (webhook) => <WebhookStateBadge webhook={webhook} reason /> },
          ...(kind.name === 'workspace'
            ? [
                {
                  title: said.day,
                  cell: (webhook: Webhook) => <Rate statistics={counted?.find((one) => one.webhook_id === webhook.id)} />,
                },
              ]
            : []),
          { title: said.health, cell: (webhook) => <Health kind={kind} webhook={webhook} /> },
          ...(mayWrite
            ? [
                {
                  title: said.tries,
                  hideTitle: true,
                  cell: (webhook: Webhook) => (
                    <Group gap={4} className="row-actions">
                      {kind.name === 'workspace' && (
                        <Tip label={said.checkTitle}>
                          <Button
                            size="compact-sm"
                            variant="default"
                            aria-label={said.checkOf(nameOf(webhook))}
                            onClick={() => setTrying({ webhook, attempt: 'check' })}
                          >
                            {said.check}
                          </Button>
                        </Tip>
                      )}
                      <Tip label={said.testTitle}>
                        <Button
                          size="compact-sm"
                          variant="default"
                          aria-label={said.testOf(nameOf(webhook))}
                          onClick={() => setTrying({ webhook, attempt: 'test' })}
                        >
                          {said.testShort}
                        </Button>
                      </Tip>
                    </Group>
                  ),
                },
              ]
            : []),
        ]}
        empty={<NothingHere said={{ ...words, ...empty }} filtered={filtered} create={create} />}
      />
      {trying && <Try kind={kind} {...trying} close={() => setTrying(null)} />}
      <CreateWebhook kind={kind} opened={creating} close={() => setCreating(false)} created={secret.show} />
      <Confirm
        opened={deleting}
        close={() => setDeleting(false)}
        title={said.deleteMany(chosen.length)}
        action={said.deleteMany(chosen.length)}
        name={chosen.length === 1 && chosen[0] ? (chosen[0].name ?? chosen[0].id) : String(chosen.length)}
        confirm={deleteChosen}
      >
        {said.deleteAbout}
        {chosen.map((webhook) => (
          <Text key={webhook.id} size="sm" fw={600}>
            {webhook.name ?? webhook.url}
          </Text>
        ))}
      </Confirm>
      {secret.shown}
    </>
  );
  return <>{children(listing, create && <CreateButton label={words.create} create={create} />)}</>;
}
