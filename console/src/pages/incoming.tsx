import { Anchor, Button, Menu, PasswordInput, Select, Stack, Switch, Text, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { Link } from 'react-router';

import { api, body, done, type Schemas } from '../api/client';
import { useChange, useChats, useListing } from '../api/queries';
import { Confirm, Dialog, type Secret, SecretOnce } from '../parts/dialogs';
import { ChatNames, Person } from '../parts/facts';
import { ChoiceFilter, choices, FilterBar, useFilters } from '../parts/filters';
import { SaveForm } from '../parts/form';
import { ListPage } from '../parts/list_page';
import { named } from '../parts/options';
import { HandOverDialog } from '../parts/owner';
import { reasonOf } from '../parts/reason';
import { State, Time } from '../parts/values';
import { useMay } from '../roles';
import { texts } from '../texts';
import { hooks } from '../texts/hooks';
import { owners } from '../texts/owners';

const said = texts.incoming;
type Incoming = Schemas['IncomingWebhookOut'];

/** The URL of an incoming webhook, once, with lines that post to it from the usual places. */
function secretOf(created: Schemas['IncomingWebhookCreated']): Secret {
  const url = created.url ?? '';
  const post = (address: string, text: string) => `curl -fsS -H 'Content-Type: application/json' -d '{"text": "${text}"}' ${address}`;
  const products =
    created.flavour === 'ferryman'
      ? []
      : [
          { label: 'Grafana', value: `${said.grafana}\n${url}` },
          {
            label: 'Alertmanager',
            value: `receivers:\n  - name: ferryman\n    slack_configs:\n      - api_url: ${url}\n        send_resolved: true`,
          },
        ];
  return {
    title: said.secretTitle,
    value: url,
    about: said.secretAbout,
    extra: [
      { label: 'curl', value: post(url, 'Build passed') },
      { label: 'Python', value: `import requests\nrequests.post("${url}", json={"text": "Build passed"}, timeout=10)` },
      {
        label: 'GitHub Actions',
        value: `- run: ${post('"$FERRYMAN_URL"', 'Build passed')}\n  env:\n    FERRYMAN_URL: \${{ secrets.FERRYMAN_URL }}`,
      },
      {
        label: 'Jenkins',
        value: `withCredentials([string(credentialsId: 'ferryman', variable: 'URL')]) {\n  sh '''${post('"$URL"', 'Build passed')}'''\n}`,
      },
      ...products,
    ],
  };
}

function nameOf(webhook: Incoming): string {
  return webhook.title ?? webhook.name;
}

export default function IncomingWebhooks() {
  const filters = useFilters();
  const mayWrite = useMay('webhooks:write');
  const chats = useChats();
  const chat = filters.get('chat');
  const listing = useListing<Incoming>(['incoming', 'list', chat], (cursor) =>
    body(api.GET('/v1/incoming-webhooks', { params: { query: { cursor, ...(chat ? { chat_id: chat } : {}) } } })),
  );
  const [editing, setEditing] = useState<Incoming | 'new' | null>(null);
  const [secret, setSecret] = useState<Secret | null>(null);
  const [regenerating, setRegenerating] = useState<Incoming | null>(null);
  const mayHandOver = useMay('admin:*');
  const [handing, setHanding] = useState<Incoming | null>(null);
  const [revoking, setRevoking] = useState<Incoming | null>(null);
  const [refusing, setRefusing] = useState<Incoming | null>(null);
  const at = (one: Incoming | null) => ({ params: { path: { incoming_webhook_id: one?.id ?? '' } } });
  const regenerate = useChange(
    () => body(api.POST('/v1/incoming-webhooks/{incoming_webhook_id}/regenerate', at(regenerating))),
    { touches: [['incoming']] },
  );
  const setState = useChange(
    ({ one, state }: { one: Incoming; state: Schemas['State'] }) =>
      body(api.PATCH('/v1/incoming-webhooks/{incoming_webhook_id}', { ...at(one), body: { state } })),
    { touches: [['incoming']], done: (one) => (one.state === 'enabled' ? hooks.enabledNow : hooks.disabledNow) },
  );
  const revoke = useChange(() => done(api.DELETE('/v1/incoming-webhooks/{incoming_webhook_id}', at(revoking))), {
    touches: [['incoming']],
    done: said.revoked,
  });
  return (
    <ListPage
      said={said}
      create={mayWrite ? () => setEditing('new') : null}
      tools={
        <FilterBar filters={filters} names={['chat']}>
          <ChoiceFilter
            filters={filters}
            name="chat"
            label={said.chat}
            any={said.anyChat}
            choices={named(chats).data}
          />
        </FilterBar>
      }
      filtered={chat !== ''}
      listing={listing}
      id={(one) => one.id}
      columns={[
        {
          title: said.name,
          wide: true,
          cell: (one) => (
            <>
              <b>{one.title ?? one.name}</b>
              {one.description && (
                <Text size="xs" c="dimmed">
                  {one.description}
                </Text>
              )}
            </>
          ),
        },
        {
          title: said.chat,
          cell: (one) => (
            <Anchor component={Link} to={`/chats/${one.chat_id}`} size="sm">
              <ChatNames ids={[one.chat_id]} otherwise="" />
            </Anchor>
          ),
        },
        { title: hooks.takes, cell: (one) => <Text size="sm">{one.source ? hooks.sources[one.source] : hooks.flavours[one.flavour]}</Text> },
        {
          title: hooks.state,
          cell: (one) => (
            <>
              <State of={one.state} />
              {one.disabled_reason && (
                <Text size="xs" c="dimmed">
                  {reasonOf(one.disabled_reason)}
                </Text>
              )}
            </>
          ),
        },
        { title: owners.owner, cell: (one) => <Person id={one.owner_id} /> },
        {
          title: said.lastUsed,
          cell: (one) => (
            <>
              <Time at={one.last_used_at} />
              {one.refusals[0] && (
                <Text size="xs">
                  <Anchor component="button" c="var(--mantine-color-error)" onClick={() => setRefusing(one)} aria-label={hooks.refusedTitle(nameOf(one))}>
                    {hooks.refused}
                  </Anchor>{' '}
                  <Time at={one.refusals[0].at} />
                </Text>
              )}
            </>
          ),
        },
        {
          title: said.change,
          hideTitle: true,
          cell: (one) =>
            mayWrite && (
              <Menu position="bottom-end">
                <Menu.Target>
                  <Button size="compact-sm" variant="default" aria-label={`${said.change}: ${nameOf(one)}`}>
                    {said.change}
                  </Button>
                </Menu.Target>
                <Menu.Dropdown>
                  <Menu.Item onClick={() => setEditing(one)}>{texts.actions.edit}</Menu.Item>
                  <Menu.Item onClick={() => setState.mutate({ one, state: one.state === 'enabled' ? 'disabled' : 'enabled' })}>
                    {one.state === 'enabled' ? hooks.disable : hooks.enable}
                  </Menu.Item>
                  {one.source && (
                    <Menu.Item component={Link} to={`/settings/integrations/incoming-webhooks/${one.id}/translation`}>
                      {hooks.translation}
                    </Menu.Item>
                  )}
                  {mayHandOver && <Menu.Item onClick={() => setHanding(one)}>{owners.handOver}</Menu.Item>}
                  <Menu.Item onClick={() => setRegenerating(one)}>{said.regenerate}</Menu.Item>
                  <Menu.Item color="red" onClick={() => setRevoking(one)}>
                    {texts.actions.revoke}
                  </Menu.Item>
                </Menu.Dropdown>
              </Menu>
            ),
        },
      ]}
    >
      <Dialog opened={editing !== null} close={() => setEditing(null)} title={editing === 'new' || !editing ? said.createFor : texts.actions.editOf(nameOf(editing))}>
        <Form
          webhook={editing === 'new' ? null : editing}
          close={() => setEditing(null)}
          created={(one) => setSecret(secretOf(one))}
        />
      </Dialog>
      <HandOverDialog
        owned={handing && { collection: 'incoming-webhooks', id: handing.id, name: nameOf(handing), touches: [['incoming']] }}
        close={() => setHanding(null)}
      />
      <Dialog opened={refusing !== null} close={() => setRefusing(null)} title={refusing ? hooks.refusedTitle(nameOf(refusing)) : ''}>
        {refusing && <Refusals of={refusing} />}
      </Dialog>
      <SecretOnce secret={secret} close={() => setSecret(null)} />
      <Confirm
        opened={regenerating !== null}
        close={() => setRegenerating(null)}
        title={said.regenerateTitle}
        name={regenerating ? nameOf(regenerating) : ''}
        action={said.regenerate}
        confirm={async () => setSecret(secretOf(await regenerate.mutateAsync(undefined)))}
      >
        {said.regenerateAbout}
      </Confirm>
      <Confirm
        opened={revoking !== null}
        close={() => setRevoking(null)}
        title={said.revokeTitle}
        name={revoking ? nameOf(revoking) : ''}
        action={texts.actions.revoke}
        confirm={() => revoke.mutateAsync(undefined)}
      >
        {said.revokeAbout}
      </Confirm>
    </ListPage>
  );
}

/** What went wrong for the senders of an incoming webhook, the newest first. */
function Refusals({ of }: { of: Incoming }) {
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {hooks.refusedAbout}
      </Text>
      <Stack component="ul" gap="xs" className="plain-list">
        {of.refusals.map((one) => (
          <li key={one.at}>
            <b>{one.status}</b> · <Time at={one.at} />
            <Text size="sm">{one.reason}</Text>
          </li>
        ))}
      </Stack>
    </Stack>
  );
}

function Form({ webhook, close, created }: {
  webhook: Incoming | null;
  close: () => void;
  created: (one: Schemas['IncomingWebhookCreated']) => void;
}) {
  const chats = useChats();
  const form = useForm({
    initialValues: {
      name: webhook?.name ?? '',
      title: webhook?.title ?? '',
      description: webhook?.description ?? '',
      chat_id: webhook?.chat_id ?? '',
      avatar_url: webhook?.avatar_url ?? '',
      flavour: webhook?.flavour ?? ('ferryman' as Schemas['Flavour']),
      source: (webhook?.source ?? null) as Schemas['Source'] | null,
      sender_secret: '',
      chat_locked: webhook?.chat_locked ?? false,
      allows_overrides: webhook?.allows_overrides ?? true,
    },
  });
  const native = form.values.flavour === 'ferryman';
  const save = useChange(
    async (values: typeof form.values) => {
      const input = {
        name: values.name,
        title: values.title || null,
        description: values.description || null,
        avatar_url: values.avatar_url || null,
        ...(native
          ? values.sender_secret && { sender_secret: values.sender_secret }
          : { chat_locked: values.chat_locked, allows_overrides: values.allows_overrides }),
      };
      if (webhook) {
        const path = { params: { path: { incoming_webhook_id: webhook.id } } };
        await body(api.PATCH('/v1/incoming-webhooks/{incoming_webhook_id}', { ...path, body: input }));
        return null;
      }
      return body(api.POST('/v1/incoming-webhooks', { body: { ...input, chat_id: values.chat_id, flavour: values.flavour, source: native ? values.source : null } }));
    },
    { touches: [['incoming']], quiet: true, ...(webhook ? { done: hooks.saved } : {}) },
  );
  return (
    <SaveForm form={form} save={save} action={webhook ? texts.actions.save : said.create} close={close} saved={(one) => one && created(one)}>
      <TextInput label={said.name} description={said.nameAbout} required maxLength={100} data-autofocus {...form.getInputProps('name')} />
      <Select
        label={said.chat}
        {...named(chats)}
        searchable
        required
        disabled={webhook !== null}
        {...form.getInputProps('chat_id')}
      />
      <Select
        label={said.flavour}
        description={said.flavourAbout}
        data={choices(said.flavours)}
        allowDeselect={false}
        disabled={webhook !== null}
        {...form.getInputProps('flavour')}
      />
      {native ? (
        <>
          <Select
            label={hooks.source}
            description={hooks.sourceAbout}
            placeholder={hooks.noSource}
            data={choices(hooks.sources)}
            searchable
            clearable
            clearButtonProps={{ 'aria-label': texts.actions.clear }}
            disabled={webhook !== null}
            {...form.getInputProps('source')}
          />
          {form.values.source && (
            <PasswordInput
              label={hooks.secret}
              description={webhook?.has_sender_secret ? hooks.secretIsSet : hooks.secretAbout}
              autoComplete="off"
              {...form.getInputProps('sender_secret')}
            />
          )}
        </>
      ) : (
        <>
          <Switch label={hooks.locked} {...form.getInputProps('chat_locked', { type: 'checkbox' })} />
          <Switch label={hooks.overrides} {...form.getInputProps('allows_overrides', { type: 'checkbox' })} />
        </>
      )}
      <TextInput label={hooks.title} description={hooks.titleAbout} maxLength={100} {...form.getInputProps('title')} />
      <Textarea label={hooks.description} autosize minRows={2} {...form.getInputProps('description')} />
      <TextInput label={said.avatar} type="url" placeholder="https://" {...form.getInputProps('avatar_url')} />
    </SaveForm>
  );
}
