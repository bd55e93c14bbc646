import { Anchor, Badge, Button, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { Link } from 'react-router';

import { useListing } from '../api/queries';
import type { Webhook, WebhookKind } from '../api/webhooks';
import { type Secret, SecretOnce } from '../parts/dialogs';
import { ChoiceFilter, choices, FilterBar, SearchFilter, useFilters } from '../parts/filters';
import { Health, WebhookStateBadge } from '../parts/health';
import { Empty, Page } from '../parts/layout';
import { List } from '../parts/list';
import { shortUrl } from '../parts/values';
import { useMay } from '../roles';
import { texts } from '../texts';
import { CreateWebhook } from './webhook_form';
import { PlusIcon } from '../parts/icons';

const said = texts.webhooks;
const FILTERS = ['q', 'state', 'event'];
const STATES = { enabled: 'Enabled', disabled: 'Disabled' };

type Only = (webhook: Webhook) => boolean;

export function WebhookList({ kind, title, about, only }: {
  kind: WebhookKind;
  title: string;
  about: string;
  only?: Only;
}) {
  const mayWrite = useMay(kind.name === 'personal' ? 'me:webhooks' : 'webhooks:write');
  return (
    <WebhookListing kind={kind} mayWrite={mayWrite} {...(only ? { only } : {})}>
      {(listing, create) => (
        <Page title={title} description={about} actions={create}>
          {listing}
        </Page>
      )}
    </WebhookListing>
  );
}

/** The list with its filters and its form; the frame around it is that of the screen. */
export function WebhookListing({ kind, mayWrite, only, children }: {
  kind: WebhookKind;
  only?: Only;
  mayWrite: boolean;
  children: (listing: ReactNode, create: ReactNode) => ReactNode;
}) {
  const filters = useFilters();
  const [creating, setCreating] = useState(false);
  const [secret, setSecret] = useState<Secret | null>(null);
  const all = useListing<Webhook>([...kind.key, 'list'], kind.list, { refresh: 15_000 });
  const [text, state, event] = FILTERS.map(filters.get) as [string, string, string];
  const wanted = text.toLowerCase();
  const items = all.items?.filter(
    (webhook) =>
      (!only || only(webhook)) &&
      (!wanted || webhook.url.toLowerCase().includes(wanted) || (webhook.name ?? '').toLowerCase().includes(wanted)) &&
      (!state || webhook.state === state) &&
      (!event || (webhook.events as string[]).includes(event)),
  );
  const events = Object.fromEntries((all.items ?? []).flatMap((one) => one.events.map((name) => [name, name])));
  const filtered = Boolean(text || state || event);
  const create = mayWrite && (
    <Button leftSection={<PlusIcon />} onClick={() => setCreating(true)}>
      {said.create}
    </Button>
  );
  const listing = (
    <>
      {(all.items?.length ?? 0) > 0 && (
        <FilterBar filters={filters} names={FILTERS}>
          <SearchFilter filters={filters} name="q" label={said.search} />
          <ChoiceFilter filters={filters} name="state" label={said.state} any={said.anyState} choices={choices(STATES)} />
          <ChoiceFilter filters={filters} name="event" label={said.events} any={said.anyEvent} choices={choices(events)} />
        </FilterBar>
      )}
      <List
        label={said.title}
        listing={{ ...all, items }}
        id={(webhook) => webhook.id}
        columns={[
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
                  <Badge size="sm" variant="default" mt={4}>
                    {webhook.bot_id ? said.ofBot : said.ofApplication}
                  </Badge>
                )}
              </>
            ),
          },
          { title: said.events, cell: (webhook) => <Text size="sm">{webhook.events.join(', ')}</Text>, wide: true },
          { title: said.state, cell: (webhook) => <WebhookStateBadge webhook={webhook} /> },
          { title: said.health, cell: (webhook) => <Health kind={kind} webhook={webhook} /> },
        ]}
        empty={
          filtered ? (
            <Empty title={said.noneFound} about={said.noneFoundAbout} />
          ) : (
            <Empty title={said.emptyTitle} about={said.emptyAbout}>
              {mayWrite && <Button onClick={() => setCreating(true)}>{said.create}</Button>}
            </Empty>
          )
        }
      />
      <CreateWebhook kind={kind} opened={creating} close={() => setCreating(false)} created={setSecret} />
      <SecretOnce secret={secret} close={() => setSecret(null)} />
    </>
  );
  return <>{children(listing, create)}</>;
}
