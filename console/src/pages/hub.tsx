import { Anchor, Avatar, Card, Group, SimpleGrid, Stack, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';

import { api, type ApiError, body, type Schemas } from '../api/client';
import { covers } from '../api/covers';
import { useListing, useMe } from '../api/queries';
import { type Secret, SecretOnce } from '../parts/dialogs';
import { useFilters } from '../parts/filters';
import { MagnifyingGlassIcon } from '../parts/icons';
import { Empty, Failure, Page, Waiting } from '../parts/layout';
import { texts } from '../texts';
import { Connect, type Connection, Connections, type Connector } from './connection';

const said = texts.hub;
const CATEGORIES = Object.keys(said.categories) as Schemas['Category'][];

/** The connectors by category with what is connected, and the cards of the developer tools. */
export default function Hub() {
  return (
    <Page title={said.title} description={said.about}>
      <Catalogue />
      <Tools />
    </Page>
  );
}

function Catalogue() {
  const filters = useFilters();
  const search = filters.get('search');
  const [connecting, setConnecting] = useState<Connector | null>(null);
  const [secret, setSecret] = useState<Secret | null>(null);
  const mayWrite = covers(useMe().data, 'connections:write');
  const connectors = useQuery<Connector[], ApiError>({
    queryKey: ['connectors'],
    queryFn: async () => (await body(api.GET('/v1/connectors'))).items,
    staleTime: Infinity,
  });
  const connections = useListing<Connection>(
    ['connections'],
    (cursor) => body(api.GET('/v1/connections', { params: { query: { cursor, limit: 100 } } })),
    { refresh: 15_000 },
  );
  const error = connectors.error ?? connections.error;
  if (error) {
    return (
      <Failure
        error={error}
        retry={() => {
          void connectors.refetch();
          connections.refetch();
        }}
      />
    );
  }
  if (!connectors.data || !connections.items) return <Waiting />;
  const wanted = search.trim().toLowerCase();
  const found = connectors.data.filter(({ name, description }) => `${name} ${description}`.toLowerCase().includes(wanted));
  return (
    <Stack gap="lg">
      <TextInput
        type="search"
        aria-label={said.search}
        placeholder={said.search}
        leftSection={<MagnifyingGlassIcon />}
        value={search}
        onChange={(event) => filters.set('search', event.currentTarget.value)}
        w={{ base: '100%', xs: 300 }}
      />
      {found.length === 0 && <Empty title={said.none} about={said.noneAbout} />}
      {CATEGORIES.map((category) => {
        const shown = found.filter((connector) => connector.category === category);
        if (shown.length === 0) return null;
        return (
          <Stack key={category} gap="sm" component="section" aria-label={said.categories[category]}>
            <Title order={2} fz={17}>
              {said.categories[category]}
            </Title>
            <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
              {shown.map((connector) => (
                <ConnectorCard
                  key={connector.key}
                  connector={connector}
                  connections={connections.items?.filter((one) => one.connector === connector.key) ?? []}
                  connect={mayWrite ? () => setConnecting(connector) : null}
                />
              ))}
            </SimpleGrid>
          </Stack>
        );
      })}
      <Connect connector={connecting} close={() => setConnecting(null)} created={setSecret} />
      <SecretOnce secret={secret} close={() => setSecret(null)} />
    </Stack>
  );
}

function ConnectorCard({ connector, connections, connect }: {
  connector: Connector;
  connections: Connection[];
  connect: (() => void) | null;
}) {
  return (
    <Card withBorder padding="lg" component="article" aria-label={connector.name}>
      <Stack gap="sm" h="100%">
        <Group gap="sm" wrap="nowrap">
          <Avatar name={connector.name} color="initials" radius="md" alt="" aria-hidden />
          <Title order={3} fz={16}>
            {connector.name}
          </Title>
        </Group>
        <Text size="sm" c="dimmed" flex={1}>
          {connector.description}
        </Text>
        <Connections connector={connector} connections={connections} connect={connect} />
      </Stack>
    </Card>
  );
}

function Tools() {
  const me = useMe().data;
  return (
    <Stack gap="sm" component="section" aria-label={said.tools}>
      <div>
        <Title order={2} fz={17}>
          {said.tools}
        </Title>
        <Text size="sm" c="dimmed">
          {said.toolsAbout}
        </Text>
      </div>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
        {texts.overview.cards
          .filter(({ tool }) => tool)
          .map(({ to, title, about, scope }) => (
            <Tool key={to} title={title} about={about}>
              {covers(me, scope as Schemas['Scope']) ? (
                <Anchor component={Link} to={to} size="sm" aria-label={`${said.open} ${title}`}>
                  {said.open}
                </Anchor>
              ) : (
                <Text size="sm">{said.managers}</Text>
              )}
            </Tool>
          ))}
        <Tool title={said.docs} about={said.docsAbout}>
          <Anchor href="/docs" size="sm" aria-label={`${said.open} ${said.docs}`}>
            {said.open}
          </Anchor>
        </Tool>
      </SimpleGrid>
    </Stack>
  );
}

function Tool({ title, about, children }: { title: string; about: string; children: React.ReactNode }) {
  return (
    <Card withBorder padding="lg" component="article" aria-label={title}>
      <Title order={3} fz={16}>
        {title}
      </Title>
      <Text size="sm" c="dimmed" mb="xs" flex={1}>
        {about}
      </Text>
      {children}
    </Card>
  );
}
