import { Anchor, Card, SimpleGrid, Text, Title } from '@mantine/core';
import { Link } from 'react-router';

import type { Schemas } from '../api/client';
import { useMe } from '../api/queries';
import { Page, PlanNotice } from '../parts/layout';
import { covers } from '../roles';
import { texts } from '../texts';

const said = texts.hub;

/** The cards of the developer tools, by role; without the plan, the notice that says so. */
export default function Hub() {
  const me = useMe().data;
  if (me && me.plan !== 'enterprise') {
    return (
      <Page title={said.title} description={said.about}>
        <PlanNotice detail={`${texts.plan.about(texts.plan.names[me.plan])} ${texts.plan.how}`} />
      </Page>
    );
  }
  return (
    <Page title={said.title} description={said.about}>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
        {texts.overview.cards.map(({ to, title, about, scope }) => {
          const open = covers(me, scope as Schemas['Scope']);
          return (
            <Card key={to} withBorder padding="lg">
              <Title order={2} fz={16}>
                {title}
              </Title>
              <Text size="sm" c="dimmed" mb="xs">
                {about}
              </Text>
              {open ? (
                <Anchor component={Link} to={to} size="sm" aria-label={`${said.open} ${title}`}>
                  {said.open}
                </Anchor>
              ) : (
                <Text size="sm">{said.managers}</Text>
              )}
            </Card>
          );
        })}
        <Card withBorder padding="lg">
          <Title order={2} fz={16}>
            {said.docs}
          </Title>
          <Text size="sm" c="dimmed" mb="xs">
            {said.docsAbout}
          </Text>
          <Anchor href="/docs" size="sm" aria-label={`${said.open} ${said.docs}`}>
            {said.open}
          </Anchor>
        </Card>
      </SimpleGrid>
    </Page>
  );
}
