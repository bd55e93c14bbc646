import { Badge, Card, Group, List, SimpleGrid, Text, Title } from '@mantine/core';

import type { Schemas } from '../api/client';
import { useMe, useWorkspace } from '../api/queries';
import { CopyText } from '../parts/copy';
import { Fact } from '../parts/facts';
import { Page } from '../parts/layout';
import { texts } from '../texts';

const said = texts.plan;

/** The plan of the workspace beside the others. The operator of the deployment changes it, not a route. */
export default function Subscription() {
  const me = useMe().data;
  const workspace = useWorkspace().data;
  return (
    <Page title={said.page} description={`${said.pageAbout(workspace?.name ?? '')} ${said.how}`}>
      {workspace && (
        <Fact label={said.workspaceId}>
          <CopyText value={workspace.id} />
        </Fact>
      )}
      <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }}>
        {(Object.keys(said.names) as Schemas['Plan'][]).map((plan) => (
          <Card key={plan} withBorder padding="lg" component="article" aria-label={said.names[plan]} data-chosen={me?.plan === plan || undefined} className="plan">
            <Group justify="space-between" mb="xs">
              <Title order={2} fz={17}>
                {said.names[plan]}
              </Title>
              {me?.plan === plan && (
                <Badge variant="light" className="state">
                  {said.yours}
                </Badge>
              )}
            </Group>
            <List size="sm" spacing={4}>
              {said.includes[plan].map((line) => (
                <List.Item key={line}>
                  <Text size="sm">{line}</Text>
                </List.Item>
              ))}
            </List>
          </Card>
        ))}
      </SimpleGrid>
    </Page>
  );
}
