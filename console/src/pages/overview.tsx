import { Alert, Anchor, Button, Card, Group, SimpleGrid, Stack, Stepper, Text, Title } from '@mantine/core';
import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'react-router';

import { api, body, type Schemas } from '../api/client';
import { covers } from '../api/covers';
import { listing, meQuery, useChats, useListing, useMe } from '../api/queries';
import { type Webhook, WORKSPACE } from '../api/webhooks';
import { givenUp } from '../early';
import { WebhookStateBadge } from '../parts/health';
import { Failure, Page, Section, Waiting } from '../parts/layout';
import { reasonOf } from '../parts/reason';
import { Day, Rate, statisticsQuery, together, useStatistics } from '../parts/statistics';
import { shortUrl, Time } from '../parts/values';
import { useMay } from '../roles';
import type { Prefetch } from '../screens';
import { texts } from '../texts';

const said = texts.overview;
const DAY = 86_400_000;
const SOON = 14 * DAY;

const WEBHOOKS = [[...WORKSPACE.key, 'list'], (cursor?: string) => WORKSPACE.list(cursor)] as const;
const TOKENS = [
  ['tokens', 'list', { status: 'active' }],
  (cursor?: string) => body(api.GET('/v1/tokens', { params: { query: { status: 'active', cursor } } })),
] as const;

function givenUpQuery() {
  const query = givenUp();
  return queryOptions({
    queryKey: ['deliveries', 'given up', query.since],
    queryFn: () => body(api.GET('/v1/deliveries', { params: { query } })),
  });
}

export const prefetch: Prefetch = async (client) => {
  const me = client.getQueryData(meQuery.queryKey);
  const work = covers(me, 'tokens:read') ? [client.prefetchInfiniteQuery(listing(...TOKENS))] : [];
  if (covers(me, 'webhooks:read')) {
    work.push(client.prefetchInfiniteQuery(listing(...WEBHOOKS)));
    work.push(client.prefetchQuery(givenUpQuery()), client.prefetchQuery(statisticsQuery()));
  }
  await Promise.all(work);
};

export default function Overview() {
  const me = useMe().data;
  const seesWebhooks = useMay('webhooks:read');
  const seesTokens = useMay('tokens:read');
  const webhooks = useListing<Webhook>(...WEBHOOKS, { refresh: 15_000, enabled: seesWebhooks });
  const tokens = useListing<Schemas['TokenOut']>(...TOKENS, { enabled: seesTokens });
  // Nothing moves once it is shown.
  const loading = (seesWebhooks && webhooks.pending) || (seesTokens && tokens.pending);
  return (
    <Page title={said.title} description={me ? said.hello(me.user.name) : ''}>
      {!seesWebhooks && <Alert>{said.staff}</Alert>}
      {seesWebhooks && webhooks.error && <Failure error={webhooks.error} retry={webhooks.refetch} />}
      {loading && <Waiting lines={8} />}
      {webhooks.items && !loading && (
        <>
          <Attention webhooks={webhooks.items} tokens={tokens.items ?? []} seesTokens={seesTokens} />
          {webhooks.items.length === 0 ? <FirstSteps /> : <Current webhooks={webhooks.items} />}
        </>
      )}
      {!loading && <MakeThings />}
    </Page>
  );
}

function Attention({ webhooks, tokens, seesTokens }: { webhooks: Webhook[]; tokens: Schemas['TokenOut'][]; seesTokens: boolean }) {
  const ill = webhooks.filter((webhook) => webhook.disabled_reason !== null || webhook.consecutive_failures > 0);
  const [now] = useStateNow();
  const givenUp = useGivenUp();
  const expiring = tokens.filter((token) => token.expires_at && new Date(token.expires_at).getTime() - now < SOON);
  if (ill.length === 0 && expiring.length === 0 && givenUp.length === 0) {
    // Before there is a webhook, the first steps say more.
    return webhooks.length > 0 && <Alert color="teal">{said.allWell(seesTokens)}</Alert>;
  }
  return (
    <Section title={said.attention}>
      <Stack gap="sm">
        {ill.map((webhook) => (
          <Concern
            key={webhook.id}
            to={WORKSPACE.detailPage(webhook.id)}
            name={webhook.name ?? shortUrl(webhook.url)}
            badge={<WebhookStateBadge webhook={webhook} />}
          >
            {webhook.disabled_reason ? reasonOf(webhook.disabled_reason) :
              `${texts.webhooks.failures(webhook.consecutive_failures)} · ${texts.webhooks.lastError} ${webhook.last_error ?? ''}`}
          </Concern>
        ))}
        {givenUp.map(({ webhook_id, count, more }) => (
          <Concern key={webhook_id} to={`${WORKSPACE.detailPage(webhook_id)}?state=exhausted`} name={nameOf(webhooks, webhook_id)} look={said.lookGivenUp}>
            {said.givenUp(count, more)}
          </Concern>
        ))}
        {expiring.map((token) => (
          <Concern key={token.id} to={`/settings/integrations/api/${token.id}`} name={token.name}>
            {said.expires} <Time at={token.expires_at} />
          </Concern>
        ))}
      </Stack>
    </Section>
  );
}

/** One thing that needs attention: its name, why, and the way to it. */
function Concern({ to, name, badge, look = said.look, children }: {
  to: string;
  name: string;
  badge?: ReactNode;
  look?: string;
  children: ReactNode;
}) {
  return (
    <Group justify="space-between" wrap="nowrap" align="flex-start">
      <div style={{ minWidth: 0 }}>
        <Group gap={8}>
          <Anchor component={Link} to={to} size="sm" fw={500} style={{ overflowWrap: 'anywhere' }}>
            {name}
          </Anchor>
          {badge}
        </Group>
        <Text component="div" size="sm" c="dimmed">
          {children}
        </Text>
      </div>
      <Button component={Link} to={to} size="compact-sm" variant="default" className="fixed" aria-label={`${look}: ${name}`}>
        {said.look}
      </Button>
    </Group>
  );
}

function nameOf(webhooks: Webhook[], id: string): string {
  const webhook = webhooks.find((one) => one.id === id);
  return webhook ? (webhook.name ?? shortUrl(webhook.url)) : id;
}

/** How many deliveries of the last day were given up, by webhook: of the newest hundred. */
function useGivenUp(): { webhook_id: string; count: number; more: boolean }[] {
  const found = useQuery({ ...givenUpQuery(), placeholderData: keepPreviousData }).data;
  const counts = new Map<string, number>();
  for (const { webhook_id, test } of found?.items ?? []) {
    if (!test) counts.set(webhook_id, (counts.get(webhook_id) ?? 0) + 1);
  }
  return [...counts].map(([webhook_id, count]) => ({ webhook_id, count, more: found?.next_cursor != null }));
}

function useStateNow(): [number] {
  return [new Date().setSeconds(0, 0)];
}

function FirstSteps() {
  const chats = useChats().data;
  const active = chats && chats.length > 0 ? 1 : 0;
  return (
    <Section title={said.firstTitle} about={said.firstAbout}>
      <Stepper active={active} orientation="vertical" allowNextStepsSelect={false}>
        <Stepper.Step label={said.steps[0]?.label} description={said.steps[0]?.about} />
        <Stepper.Step label={said.steps[1]?.label} description={said.steps[1]?.about} />
        <Stepper.Step label={said.steps[2]?.label} description={said.steps[2]?.about} />
      </Stepper>
      <Group>
        <Button component={Link} to={active === 0 ? '/settings/chats' : WORKSPACE.page}>
          {active === 0 ? said.steps[0]?.label : said.steps[1]?.label}
        </Button>
      </Group>
    </Section>
  );
}

function Current({ webhooks }: { webhooks: Webhook[] }) {
  const { data: counted, error } = useStatistics();
  return (
    <>
      {!error && (
        <Section title={said.day} {...(counted?.next_cursor ? { about: said.ofWebhooks(counted.items.length) } : {})}>
          <Day statistics={counted ? together(counted.items) : null} />
        </Section>
      )}
      <Section title={texts.webhooks.title}>
        <Stack gap="sm" className="rates">
          {webhooks.slice(0, 8).map((webhook) => (
            <Group key={webhook.id} justify="space-between">
              <Anchor component={Link} to={WORKSPACE.detailPage(webhook.id)} size="sm" style={{ overflowWrap: 'anywhere' }}>
                {webhook.name ?? shortUrl(webhook.url)}
              </Anchor>
              <Rate statistics={counted?.items.find((one) => one.webhook_id === webhook.id)} />
            </Group>
          ))}
        </Stack>
      </Section>
    </>
  );
}

function MakeThings() {
  const me = useMe().data;
  const cards = said.cards.filter(({ scope }) => covers(me, scope as Schemas['Scope']));
  return (
    <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
      {cards.map(({ to, title, about }) => (
        <Card key={to} withBorder component={Link} to={to} padding="lg" className="card">
          <Title order={2} fz={16}>
            {title}
          </Title>
          <Text size="sm" c="dimmed">
            {about}
          </Text>
        </Card>
      ))}
    </SimpleGrid>
  );
}
