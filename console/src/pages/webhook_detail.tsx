import { Alert, Button, Group, NumberInput, SimpleGrid, Stack, Tabs, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';

import { type ApiError, type Schemas } from '../api/client';
import { useChange, useChats, useRemoval } from '../api/queries';
import type { Webhook, WebhookKind } from '../api/webhooks';
import type { Words } from '../parts/changes';
import { CopyText } from '../parts/copy';
import { ConfirmButton, type Secret, SecretOnce } from '../parts/dialogs';
import { ChatNames, Fact } from '../parts/facts';
import { useFilters } from '../parts/filters';
import { Health, WebhookStateBadge } from '../parts/health';
import { Loaded, Page, Section } from '../parts/layout';
import { Disabled, type Owned, Ownership } from '../parts/owner';
import { Settings } from '../parts/settings';
import { Rate, useStatistics } from '../parts/statistics';
import { Tip } from '../parts/tip';
import { eventName, shortUrl, Time } from '../parts/values';
import { useMay } from '../roles';
import { texts } from '../texts';
import { disabling } from '../texts/disabling';
import { hooks } from '../texts/hooks';
import { mentioners } from '../texts/mentioners';
import { Deliveries } from './deliveries';
import { Held } from './held';
import { Replays } from './replays';
import { Signing } from './signing';
import { inputOf, useWebhookForm, type Values, valuesOf, WebhookFields } from './webhook_form';
import { type Attempt, Try } from './webhook_try';

const said = texts.webhooks;

export function WebhookDetail({ kind, id, back }: { kind: WebhookKind; id: string; back: { to: string; label: string } }) {
  const scopes = { workspace: 'webhooks:write', personal: 'me:webhooks', callback: 'bots:write' } as const;
  const mayWrite = useMay(scopes[kind.name]);
  const filters = useFilters();
  const tab = filters.get('tab') || 'deliveries';
  const [secret, setSecret] = useState<Secret | null>(null);
  const [attempt, setAttempt] = useState<Attempt | null>(null);
  const query = useQuery<Webhook, ApiError>({
    queryKey: [...kind.key, id],
    queryFn: () => kind.read(id),
    refetchInterval: 10_000,
  });
  const webhook = query.data;
  const setState = useChange((state: Schemas['WebhookState']) => kind.edit(id, { state }), {
    touches: [[...kind.key]],
    done: (changed) => (changed.state === 'enabled' ? said.enabledNow : said.disabledNow),
  });
  return (
    <Page
      title={webhook ? (webhook.name ?? shortUrl(webhook.url)) : said.details}
      back={back}
      actions={
        webhook && mayWrite ? (
          <>
            <Tip label={said.testTitle}>
              <Button onClick={() => setAttempt('test')}>{said.test}</Button>
            </Tip>
            {kind.name === 'workspace' && (
              <Tip label={said.checkTitle}>
                <Button variant="default" onClick={() => setAttempt('check')}>
                  {said.check}
                </Button>
              </Tip>
            )}
            <Button
              variant="default"
              loading={setState.isPending}
              onClick={() => setState.mutate(webhook.state === 'enabled' ? 'disabled' : 'enabled')}
            >
              {webhook.state === 'enabled' ? said.disable : said.enable}
            </Button>
          </>
        ) : undefined
      }
    >
      <Loaded query={query}>
        {(loaded) => (
          <>
            <Trouble kind={kind} webhook={loaded} />
            <Fact label={said.url}>
              <CopyText value={loaded.url} />
            </Fact>
            <SimpleGrid cols={{ base: 2, md: 4 }}>
              <Fact label={said.state}>
                <WebhookStateBadge webhook={loaded} />
              </Fact>
              {kind.name === 'workspace' && (
                <Fact label={said.chats}>
                  <ChatNames ids={loaded.chat_ids} otherwise={said.everyChat} />
                </Fact>
              )}
              {kind.name === 'workspace' && (
                <Fact label={said.day}>
                  <Day webhook={loaded} />
                </Fact>
              )}
              <Fact label={said.health}>
                <Health kind={kind} webhook={loaded} />
              </Fact>
            </SimpleGrid>
            {kind.name !== 'personal' && <Held kind={kind} webhook={loaded} mayWrite={mayWrite} />}
            <Tabs value={tab} onChange={(value) => filters.set('tab', value)} keepMounted={false}>
              <Tabs.List mb="md" className="tabs">
                {Object.entries(said.tabs).map(([value, label]) => (
                  <Tabs.Tab key={value} value={value}>
                    {label}
                  </Tabs.Tab>
                ))}
              </Tabs.List>
              <Tabs.Panel value="deliveries">
                <Deliveries kind={kind} webhook={loaded} test={mayWrite ? () => setAttempt('test') : null} />
              </Tabs.Panel>
              <Tabs.Panel value="settings">
                <WebhookSettings kind={kind} webhook={loaded} mayWrite={mayWrite} back={back.to} />
              </Tabs.Panel>
              <Tabs.Panel value="signing">
                <Stack gap="lg">
                  <Rotation kind={kind} webhook={loaded} mayWrite={mayWrite} show={setSecret} />
                  <Signing webhook={loaded} />
                </Stack>
              </Tabs.Panel>
              <Tabs.Panel value="replays">
                <Replays kind={kind} webhook={loaded} mayWrite={mayWrite} />
              </Tabs.Panel>
            </Tabs>
            <Try kind={kind} webhook={loaded} attempt={attempt} close={() => setAttempt(null)} />
          </>
        )}
      </Loaded>
      <SecretOnce secret={secret} close={() => setSecret(null)} />
    </Page>
  );
}

function Day({ webhook }: { webhook: Webhook }) {
  return <Rate statistics={useStatistics(webhook.id).data?.items[0]} />;
}

function owned(kind: WebhookKind, webhook: Webhook): Owned | null {
  if (kind.name === 'personal') return null;
  return { collection: 'webhooks', id: webhook.id, name: webhook.name ?? shortUrl(webhook.url), touches: [[...kind.key]] };
}

function Trouble({ kind, webhook }: { kind: WebhookKind; webhook: Webhook }) {
  if (webhook.state === 'disabled') {
    return (
      <Disabled
        title={said.disabledTitle}
        reason={webhook.disabled_reason}
        at={webhook.disabled_at}
        owned={owned(kind, webhook)}
      >
        {said.disabledAbout}
        {webhook.next_probe_at && (
          <>
            {' '}
            {said.probed} <Time at={webhook.next_probe_at} />
            {said.probedAfter}
          </>
        )}
      </Disabled>
    );
  }
  if (webhook.consecutive_failures === 0) return null;
  return (
    <Alert color="yellow" title={webhook.paused_until ? said.pausedTitle : said.attention}>
      <Text size="sm">
        {said.failures(webhook.consecutive_failures)}. {webhook.last_error && `${said.lastError} ${webhook.last_error}`}
      </Text>
      <Text size="sm" mt="xs">
        {said.failingAbout}
      </Text>
    </Alert>
  );
}

function WebhookSettings({ kind, webhook, mayWrite, back }: { kind: WebhookKind; webhook: Webhook; mayWrite: boolean; back: string }) {
  const navigate = useNavigate();
  const [before] = useState(valuesOf(webhook));
  const chats = useChats().data;
  const form = useWebhookForm(before);
  const remove = useRemoval(() => kind.remove(webhook.id), { touches: [[...kind.key, 'list']], done: said.deleted, back });
  return (
    <Stack gap="lg">
      <Settings
        form={form}
        before={before}
        labels={LABELS}
        words={{ ...WORDS, chat_ids: (id) => chats?.find((chat) => chat.id === id)?.name ?? id }}
        unset={UNSET}
        mayWrite={mayWrite}
        input={(values) => inputOf(kind, values, false)}
        edit={(changed) => kind.edit(webhook.id, changed)}
        touches={[[...kind.key]]}
        done={said.saved}
        saved={() => void navigate(kind.detailPage(webhook.id))}
      >
        <WebhookFields kind={kind} form={form} fresh={false} />
      </Settings>
      <Ownership owned={owned(kind, webhook)} owner={webhook.owner_id} />
      {mayWrite && (
        <Section title={said.danger} about={said.deleteAbout}>
          <Group>
            <ConfirmButton
              red
              label={said.deleteTitle.replace('?', '')}
              title={said.deleteTitle}
              action={texts.actions.delete}
              name={webhook.name ?? webhook.id}
              confirm={remove}
            >
              {said.deleteAbout}
            </ConfirmButton>
          </Group>
        </Section>
      )}
    </Stack>
  );
}

const LABELS: Record<keyof Values, string> = {
  name: said.name,
  url: said.url,
  description: said.description,
  events: said.events,
  chat_ids: said.chats,
  format: said.format,
  mentioned_by: mentioners.label,
  max_per_second: said.maxPerSecond,
  disable_after: disabling.after,
  probe: disabling.probe,
  triggered: hooks.triggered,
  trigger_words: hooks.words,
  trigger_when: hooks.when,
  trigger_body: hooks.body,
  reply_name: hooks.replyName,
  reply_avatar_url: hooks.replyAvatar,
};
const WORDS: Words<Values> = {
  events: eventName,
  mentioned_by: (value) => mentioners.names[value as Schemas['MentionedBy']],
  trigger_when: (value) => hooks.whens[value as Schemas['TriggerWhen']],
  trigger_body: (value) => hooks.bodies[value as Schemas['TriggerBody']],
};
const UNSET = { chat_ids: said.everyChat, max_per_second: said.noLimit, disable_after: disabling.asWorkspace, probe: disabling.asWorkspace };

function Rotation({ kind, webhook, mayWrite, show }: {
  kind: WebhookKind;
  webhook: Webhook;
  mayWrite: boolean;
  show: (secret: Secret) => void;
}) {
  const [hours, setHours] = useState<number>(24);
  const rotate = useChange(() => kind.rotate(webhook.id, hours), { touches: [[...kind.key, webhook.id]] });
  const expire = useChange(() => kind.expire(webhook.id), { touches: [[...kind.key, webhook.id]], done: said.expired });
  const overlapping = webhook.secret_expires_at;
  return (
    <Section title={said.secret} about={said.secretShown}>
      {overlapping && (
        <Alert color="blue">
          {webhook.secret_pending ? said.rotatingOne : said.rotating} <Time at={overlapping} />. {said.rotatingAbout}
        </Alert>
      )}
      {mayWrite && (
        <Group>
          <ConfirmButton
            label={said.rotate}
            title={said.rotateTitle}
            danger={false}
            confirm={async () => {
              const fresh = await rotate.mutateAsync(undefined);
              show({ title: said.secretTitle, value: fresh.secret ?? '', about: said.secretAbout });
            }}
          >
            <Stack>
              {webhook.signatures.includes('fluxdesk') ? said.rotateAboutOne : said.rotateAbout}
              <NumberInput label={said.overlap} description={said.overlapAbout} min={0} max={168} value={hours} onChange={(value) => setHours(Number(value))} />
            </Stack>
          </ConfirmButton>
          {overlapping && (
            <ConfirmButton label={said.expire} title={`${said.expire}?`} confirm={() => expire.mutateAsync(undefined)}>
              {said.expireAbout}
            </ConfirmButton>
          )}
        </Group>
      )}
    </Section>
  );
}
