import { Anchor, Code, Text } from '@mantine/core';
import { useQueries } from '@tanstack/react-query';
import { Link } from 'react-router';

import { api, body, type Schemas } from '../api/client';
import { useChats, useListing, useUsers } from '../api/queries';
import { WORKSPACE } from '../api/webhooks';
import { Person } from '../parts/facts';
import { ChoiceFilter, choices, FilterBar, SearchFilter, useFilters } from '../parts/filters';
import { Empty, Page } from '../parts/layout';
import { List } from '../parts/list';
import { named } from '../parts/options';
import { eventName, shortUrl, Time } from '../parts/values';
import { texts } from '../texts';
import { actionName } from '../texts/audit';

const said = texts.audit;
type Entry = Schemas['AuditRecordOut'];
const FILTERS = ['action', 'actor', 'target', 'since'];

export default function Audit() {
  const filters = useFilters();
  const users = useUsers();
  const chats = useChats().data ?? [];
  const [action, actor, target, since] = FILTERS.map(filters.get) as [string, string, string, string];
  const listing = useListing<Entry>(['audit', action, actor, target, since], (cursor) =>
    body(
      api.GET('/v1/audit', {
        params: {
          query: {
            cursor,
            ...(action ? { action: action as Entry['action'] } : {}),
            ...(actor ? { user_id: actor } : {}),
            ...(target ? { target_id: target } : {}),
            ...(since ? { since: new Date(Date.now() - Number(since) * 3_600_000).toISOString() } : {}),
          },
        },
      }),
    ),
  );
  const things = useThings(listing.items ?? []);
  const names = new Map([...(users.data ?? []), ...chats, ...things].map(({ id, name }) => [id, name]));
  const actions = Object.fromEntries((listing.items ?? []).map((entry) => [entry.action, actionName(entry.action)]));
  if (action) actions[action as Entry['action']] = actionName(action as Entry['action']);
  return (
    <Page title={said.title} description={said.about}>
      <FilterBar filters={filters} names={FILTERS}>
        <ChoiceFilter filters={filters} name="action" label={said.action} any={said.anyAction} choices={choices(actions)} />
        <ChoiceFilter
          filters={filters}
          name="actor"
          label={said.actor}
          any={said.anybody}
          choices={named(users).data}
        />
        <ChoiceFilter filters={filters} name="since" label={said.time} any={texts.deliveries.anyTime} choices={choices(texts.deliveries.sinces)} />
        <SearchFilter filters={filters} name="target" label={said.targetId} />
      </FilterBar>
      <List
        label={said.title}
        listing={listing}
        id={(entry) => entry.id}
        columns={[
          { title: said.action, cell: (entry) => <Text size="sm" fw={500}>{actionName(entry.action)}</Text> },
          { title: said.actor, cell: (entry) => <Actor entry={entry} /> },
          {
            title: said.target,
            wide: true,
            cell: (entry) => (
              <>
                <Named id={entry.target_id} name={names.get(entry.target_id)} /> <Code>{entry.target_id}</Code>
                {Object.keys(entry.details).length > 0 && (
                  <Text size="xs" c="dimmed" className="message">
                    {Object.entries(entry.details)
                      .map(([name, value]) => `${labelOf(name)}: ${shown(value, names)}`)
                      .join(' · ')}
                  </Text>
                )}
              </>
            ),
          },
          { title: said.from, cell: (entry) => <Text size="sm">{entry.ip ?? '—'}</Text> },
          { title: said.time, cell: (entry) => <Time at={entry.at} /> },
        ]}
        empty={<Empty title={said.emptyTitle} about={said.emptyAbout} />}
      />
    </Page>
  );
}

type Thing = { id: string; name: string };
const PAGE = { params: { query: { limit: 100 } } };
const INTEGRATIONS = '/settings/integrations';

/** The kinds of things by the prefix of their ids: how to load the newest ones, and the page of one of them. */
const KINDS: Record<string, { load?: () => Promise<Thing[]>; page?: (id: string) => string }> = {
  cht: { page: (id) => `/chats/${id}` },
  whk: {
    load: async () => (await body(api.GET('/v1/webhooks', PAGE))).items.map(({ id, name, url }) => ({ id, name: name ?? shortUrl(url) })),
    page: WORKSPACE.detailPage,
  },
  tok: {
    load: async () => (await body(api.GET('/v1/tokens', PAGE))).items.map(({ id, name }) => ({ id, name })),
    page: (id) => `${INTEGRATIONS}/api/${id}`,
  },
  inc: { load: async () => (await body(api.GET('/v1/incoming-webhooks', PAGE))).items.map(({ id, name, title }) => ({ id, name: title ?? name })) },
  app: {
    load: async () => (await body(api.GET('/v1/applications', PAGE))).items.map(({ id, app_name }) => ({ id, name: app_name })),
    page: (id) => `${INTEGRATIONS}/applications/${id}`,
  },
  cmd: {
    load: async () => (await body(api.GET('/v1/commands', PAGE))).items.map(({ id, trigger }) => ({ id, name: `/${trigger}` })),
    page: (id) => `${INTEGRATIONS}/commands/${id}`,
  },
  con: { load: async () => (await body(api.GET('/v1/connections', PAGE))).items.map(({ id, name }) => ({ id, name })) },
};

/** The names of the things that the entries are about, as far as they still exist and the plan shows them. */
function useThings(entries: Entry[]): Thing[] {
  const prefixes = [...new Set(entries.map(({ target_id }) => target_id.slice(0, 3)))];
  return useQueries({
    queries: prefixes.map((prefix) => ({
      queryKey: ['audit', 'names', prefix],
      queryFn: () => KINDS[prefix]?.load?.() ?? [],
      staleTime: 30_000,
    })),
  }).flatMap(({ data }) => data ?? []);
}

function Named({ id, name }: { id: string; name: string | undefined }) {
  const page = KINDS[id.slice(0, 3)]?.page;
  if (!name || !page) return <>{name}</>;
  return (
    <Anchor component={Link} to={page(id)} size="sm" underline="always">
      {name}
    </Anchor>
  );
}

/** A detail as people read it: names instead of the ids of people and chats, lists without brackets. */
function shown(value: unknown, names: Map<string, string>): string {
  if (Array.isArray(value)) return value.map((one) => shown(one, names)).join(', ') || texts.none;
  if (typeof value === 'boolean') return value ? texts.webhooks.yes : texts.webhooks.no;
  if (typeof value === 'string') return names.get(value) ?? eventName(value);
  return value === null ? texts.none : JSON.stringify(value);
}

function labelOf(name: string): string {
  return name.replace(/_id(s?)$/, '$1').replaceAll('_', ' ');
}

function Actor({ entry }: { entry: Entry }) {
  const id = entry.actor.user_id;
  return (
    <Text size="sm" className="nowrap">
      <Person id={id} />
    </Text>
  );
}
