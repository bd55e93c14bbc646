import { Anchor, Button, Group, Text } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';

import { api, body, type Schemas } from '../api/client';
import { useChange, useMe, useUsers, useWorkspace } from '../api/queries';
import { Confirm } from '../parts/dialogs';
import { Empty, Failure, Loaded, Page, Section, Waiting } from '../parts/layout';
import { List, wholeListing } from '../parts/list';
import { State } from '../parts/values';
import { texts } from '../texts';
import { policy as said } from '../texts/policy';

type User = Schemas['UserOut'];

export default function Policy() {
  const users = useUsers();
  const without = (users.data ?? []).filter((user) => user.active && user.role !== 'bot' && !user.sign_in?.second_factor);
  return (
    <Page title={said.title} description={said.about}>
      <Required count={without.length} />
      <Section title={said.missing} about={said.missingAbout}>
        {users.error && <Failure error={users.error} retry={() => void users.refetch()} />}
        {users.isPending ? <Waiting /> : <Without people={without} />}
      </Section>
    </Page>
  );
}

function Required({ count }: { count: number }) {
  const me = useMe().data;
  const [asking, setAsking] = useState(false);
  const query = useWorkspace();
  const change = useChange(
    (requires_second_factor: boolean) => body(api.PATCH('/v1/workspace', { body: { requires_second_factor } })),
    {
      touches: [['workspace'], ['users']],
      done: ({ requires_second_factor }) => (requires_second_factor ? said.required : said.notRequired),
    },
  );
  const isOwner = me?.user.role === 'owner';
  return (
    <Section title={said.section} about={said.sectionAbout}>
      <Loaded query={query}>
        {({ requires_second_factor: required }) => (
          <>
            <Group>
              <State of={required ? 'active' : 'inactive'} label={required ? said.on : said.off} />
              {isOwner && me?.user.sign_in?.second_factor === false && !required ? (
                <Text size="sm">
                  {said.enrolFirst}{' '}
                  <Anchor component={Link} to="/me/security" underline="always" inherit>
                    {said.toSecurity}
                  </Anchor>
                </Text>
              ) : isOwner ? (
                <Button variant={required ? 'default' : 'filled'} onClick={() => setAsking(true)}>
                  {required ? said.stop : said.require}
                </Button>
              ) : (
                <Text size="sm" c="dimmed">
                  {said.ownersOnly}
                </Text>
              )}
            </Group>
            <Confirm
              opened={asking}
              close={() => setAsking(false)}
              title={required ? said.stopTitle : said.requireTitle}
              action={required ? said.stop : said.require}
              danger={required}
              confirm={() => change.mutateAsync(!required)}
            >
              {required ? said.stopAbout : said.requireAbout(count)}
            </Confirm>
          </>
        )}
      </Loaded>
    </Section>
  );
}

function Without({ people }: { people: User[] }) {
  return (
    <List
      label={said.missing}
      listing={wholeListing(people)}
      id={(user) => user.id}
      columns={[
        {
          title: said.person,
          wide: true,
          cell: (user) => (
            <>
              <Text size="sm" fw={500}>
                {user.name}
              </Text>
              <Text size="xs" c="dimmed">
                {user.email}
              </Text>
            </>
          ),
        },
        { title: said.role, cell: (user) => texts.roles[user.role] },
        { title: said.signsIn, cell: (user) => (user.sign_in?.has_password ? said.byPassword : said.invited) },
      ]}
      empty={<Empty title={said.everybody} about={said.sectionAbout} />}
    />
  );
}
