import { Alert, Anchor, Button, Group, List as Lines, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';

import { api, body, type Schemas } from '../api/client';
import { useChange, useListing } from '../api/queries';
import { WORKSPACE } from '../api/webhooks';
import { Confirm } from '../parts/dialogs';
import { Person } from '../parts/facts';
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
      for (;;) {
        // Fifty end at once; each answer tells of all until there, so the last one tells of all.
        const { results, complete } = await body(api.POST('/v1/tokens/{token_id}/end-all', { params: { path } }));
        ended += results.filter((one) => one.result === 'ended').length;
        if (complete) return { ended, left: results.filter((one) => !['ended', 'gone'].includes(one.result)) };
      }
    },
    { touches: [[]] }, // it may end things of every screen
  );
  const left = end.data?.left ?? [];
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
                    {said.kinds[one.kind]} <Thing kind={one.kind} id={one.id} />: {said.results[one.result]}
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
          { title: said.what, wide: true, cell: (one) => <Thing kind={one.kind} id={one.id} linked={one.is_there} /> },
          { title: said.by, cell: (one) => (one.made_by === token.id ? said.itself : <Text size="sm" className="message">{one.made_by}</Text>) },
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

/** A thing by its name where the console knows it, otherwise by its id; with a link where it has a page. */
function Thing({ kind, id, linked = true }: { kind: Schemas['Kind']; id: string; linked?: boolean }) {
  const page = PAGES[kind];
  const name = kind === 'bot' || kind === 'user' || kind === 'invitation' ? <Person id={id} /> : id;
  if (!page || !linked) return <Text span size="sm" className="message">{name}</Text>;
  return (
    <Anchor component={Link} to={`${page}/${id}`} size="sm" className="message">
      {name}
    </Anchor>
  );
}
