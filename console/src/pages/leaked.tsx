import { Alert, Anchor, Button, Group, List as Lines, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';

import { api, body, type Schemas } from '../api/client';
import { useChange, useListing } from '../api/queries';
import { WORKSPACE } from '../api/webhooks';
import { Confirm } from '../parts/dialogs';
import { useFilters } from '../parts/filters';
import { Empty, Section } from '../parts/layout';
import { List } from '../parts/list';
import { State, Time } from '../parts/values';
import { leaked as said } from '../texts/leaked';

type Made = Schemas['MadeOut'];
const SETTINGS = '/settings/integrations';
const PAGES: Partial<Record<Schemas['Kind'], string>> = {
  token: `${SETTINGS}/api`,
  bot: `${SETTINGS}/bots`,
  callback: WORKSPACE.page,
  webhook: WORKSPACE.page,
  application: `${SETTINGS}/applications`,
  application_token: `${SETTINGS}/applications`,
  command: `${SETTINGS}/commands`,
};
/** The screens of the things that have no page of their own. */
const LISTS: Partial<Record<Schemas['Kind'], string>> = {
  incoming_webhook: `${SETTINGS}/incoming-webhooks`,
  connection: `${SETTINGS}/connections`,
  notification: '/me/notifications',
  user: '/settings/users',
  invitation: '/settings/users',
};
type Named = { kind: Schemas['Kind']; id: string; name?: string | null };

/** The things that a token made, in one list that is asked for, and ending all of them. */
export function Leaked({ token }: { token: Schemas['TokenOut'] }) {
  const filters = useFilters();
  if (filters.get('leaked') === 'true') return <Everything token={token} />;
  return (
    <Section title={said.section} about={said.sectionAbout}>
      <Group>
        <Button color="red" variant="outline" onClick={() => filters.set('leaked', 'true')}>
          {said.button}
        </Button>
      </Group>
    </Section>
  );
}

function Everything({ token }: { token: Schemas['TokenOut'] }) {
  const path = { token_id: token.id };
  const [ending, setEnding] = useState(false);
  const listing = useListing<Made>(['tokens', token.id, 'made'], (cursor) =>
    body(api.GET('/v1/tokens/{token_id}/made', { params: { path, query: { cursor } } })),
  );
  const end = useChange(
    async () => {
      let ended = 0;
      const names = new Map(listing.items?.map((one) => [`${one.kind} ${one.id}`, one.name])); // the next list has none
      for (;;) {
        // Fifty end at once; each answer tells of all until there, so the last one tells of all.
        const { results, complete } = await body(api.POST('/v1/tokens/{token_id}/end-all', { params: { path } }));
        ended += results.filter((one) => one.result === 'ended').length;
        if (complete) {
          const left = results.filter((one) => !['ended', 'gone'].includes(one.result));
          return { ended, left: left.map((one) => ({ ...one, name: names.get(`${one.kind} ${one.id}`) ?? null })) };
        }
      }
    },
    { touches: [[]] }, // it may end things of every screen
  );
  const left = end.data?.left ?? [];
  /** A token or an application that this token made stands in the list before all that it made. */
  const maker = (id: string): Named =>
    listing.items?.find((one) => one.id === id && one.kind !== 'application_token') ?? { kind: 'token', id };
  return (
    <Section
      title={said.title}
      about={said.about}
      actions={
        <Button color="red" onClick={() => setEnding(true)}>
          {said.end}
        </Button>
      }
    >
      {end.data && (
        <Alert color={left.length > 0 ? 'yellow' : 'teal'} title={said.ended(end.data.ended)} aria-live="polite">
          {left.length > 0 && (
            <Stack gap={4}>
              <Text size="sm">{said.left}</Text>
              <Lines size="sm">
                {left.map((one) => (
                  <Lines.Item key={`${one.kind} ${one.id}`}>
                    {said.kinds[one.kind]} <Thing of={one} />: {said.results[one.result]}
                  </Lines.Item>
                ))}
              </Lines>
            </Stack>
          )}
        </Alert>
      )}
      <List
        label={said.title}
        listing={listing}
        id={(one) => `${one.kind} ${one.id} ${one.made_at}`}
        columns={[
          { title: said.kind, cell: (one) => said.kinds[one.kind] },
          { title: said.what, wide: true, cell: (one) => <Thing of={one} linked={one.is_there} /> },
          { title: said.by, cell: (one) => (one.made_by === token.id ? said.itself : <Thing of={maker(one.made_by)} />) },
          { title: said.time, cell: (one) => <Time at={one.made_at} /> },
          {
            title: said.state,
            cell: (one) => <State of={one.is_there ? 'active' : 'inactive'} label={one.is_there ? said.there : said.gone} />,
          },
        ]}
        empty={<Empty title={said.nothing} about={said.nothingAbout} />}
      />
      <Confirm
        opened={ending}
        close={() => setEnding(false)}
        title={said.endTitle}
        name={token.name}
        action={said.end}
        confirm={() => end.mutateAsync(undefined)}
      >
        {said.endAbout}
      </Confirm>
    </Section>
  );
}

/** A thing by its name, with a link to the screen that shows it, and its id below. */
function Thing({ of: { kind, id, name }, linked = true }: { of: Named; linked?: boolean }) {
  const page = PAGES[kind] ? `${PAGES[kind]}/${id}` : LISTS[kind];
  const shown = name ?? id;
  return (
    <>
      {page && linked ? (
        <Anchor component={Link} to={page} size="sm" className="message">
          {shown}
        </Anchor>
      ) : (
        <Text span size="sm" className="message">
          {shown}
        </Text>
      )}
      {name && (
        <Text span size="xs" c="dimmed" display="block" className="message">
          {id}
        </Text>
      )}
    </>
  );
}
