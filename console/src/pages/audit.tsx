import { Code, Text } from '@mantine/core';

import { api, body, type Schemas } from '../api/client';
import { useChats, useListing, useUsers } from '../api/queries';
import { Person } from '../parts/facts';
import { ChoiceFilter, choices, FilterBar, SearchFilter, useFilters } from '../parts/filters';
import { Empty, Page } from '../parts/layout';
import { List } from '../parts/list';
import { eventName, Time } from '../parts/values';
import { texts } from '../texts';
import { actionName } from '../texts/audit';

const said = texts.audit;
type Entry = Schemas['AuditRecordOut'];
const FILTERS = ['action', 'actor', 'target', 'since'];

export default function Audit() {
  const filters = useFilters();
  const users = useUsers().data ?? [];
  const chats = useChats().data ?? [];
  const names = new Map([...users, ...chats].map(({ id, name }) => [id, name]));
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
          choices={users.map((user) => ({ value: user.id, label: user.name }))}
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
                {names.get(entry.target_id)} <Code>{entry.target_id}</Code>
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
