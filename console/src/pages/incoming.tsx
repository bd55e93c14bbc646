import { Anchor, Button, Group, Modal, Select, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { Link } from 'react-router';

import { api, body, done, type Schemas } from '../api/client';
import { useChange, useChats, useListing } from '../api/queries';
import { Confirm, type Secret, SecretOnce } from '../parts/dialogs';
import { ChatNames } from '../parts/facts';
import { ChoiceFilter, choices, FilterBar, useFilters } from '../parts/filters';
import { PlusIcon } from '../parts/icons';
import { Empty, Failure, Page } from '../parts/layout';
import { List } from '../parts/list';
import { showRefusal } from '../parts/refusal';
import { Time } from '../parts/values';
import { useMay } from '../roles';
import { texts } from '../texts';

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

export default function IncomingWebhooks() {
  const filters = useFilters();
  const mayWrite = useMay('webhooks:write');
  const chats = useChats().data ?? [];
  const chat = filters.get('chat');
  const listing = useListing<Incoming>(['incoming', 'list', chat], (cursor) =>
    body(api.GET('/v1/incoming-webhooks', { params: { query: { cursor, ...(chat ? { chat_id: chat } : {}) } } })),
  );
  const [creating, setCreating] = useState(false);
  const [editing, setEditing] = useState<Incoming | null>(null);
  const [secret, setSecret] = useState<Secret | null>(null);
  const [regenerating, setRegenerating] = useState<Incoming | null>(null);
  const [revoking, setRevoking] = useState<Incoming | null>(null);
  const at = (one: Incoming | null) => ({ params: { path: { incoming_webhook_id: one?.id ?? '' } } });
  const regenerate = useChange(
    () => body(api.POST('/v1/incoming-webhooks/{incoming_webhook_id}/regenerate', at(regenerating))),
    { touches: [['incoming']] },
  );
  const revoke = useChange(() => done(api.DELETE('/v1/incoming-webhooks/{incoming_webhook_id}', at(revoking))), {
    touches: [['incoming']],
    done: said.revoked,
  });
  return (
    <Page
      title={said.title}
      description={said.about}
      actions={
        mayWrite && (
          <Button leftSection={<PlusIcon />} onClick={() => setCreating(true)}>
            {said.create}
          </Button>
        )
      }
    >
      <FilterBar filters={filters} names={['chat']}>
        <ChoiceFilter
          filters={filters}
          name="chat"
          label={said.chat}
          any={said.anyChat}
          choices={chats.map((one) => ({ value: one.id, label: one.name }))}
        />
      </FilterBar>
      <List
        label={said.title}
        listing={listing}
        id={(one) => one.id}
        columns={[
          { title: said.name, wide: true, cell: (one) => <b>{one.name}</b> },
          {
            title: said.chat,
            cell: (one) => (
              <Anchor component={Link} to={`/chats/${one.chat_id}`} size="sm">
                <ChatNames ids={[one.chat_id]} otherwise="" />
              </Anchor>
            ),
          },
          { title: said.lastUsed, cell: (one) => <Time at={one.last_used_at} /> },
          { title: said.created, cell: (one) => <Time at={one.created_at} /> },
          {
            title: said.change,
            hideTitle: true,
            cell: (one) =>
              mayWrite && (
                <Group gap={4} justify="flex-end">
                  <Button size="compact-sm" variant="default" onClick={() => setEditing(one)} aria-label={`${texts.actions.edit} ${one.name}`}>
                    {texts.actions.edit}
                  </Button>
                  <Button size="compact-sm" variant="default" onClick={() => setRegenerating(one)} aria-label={`${said.regenerate}: ${one.name}`}>
                    {said.regenerate}
                  </Button>
                  <Button size="compact-sm" variant="subtle" color="red" onClick={() => setRevoking(one)} aria-label={`${texts.actions.revoke} ${one.name}`}>
                    {texts.actions.revoke}
                  </Button>
                </Group>
              ),
          },
        ]}
        empty={
          <Empty title={said.emptyTitle} about={said.emptyAbout}>
            {mayWrite && <Button onClick={() => setCreating(true)}>{said.create}</Button>}
          </Empty>
        }
      />
      <Modal
        opened={creating || editing !== null}
        onClose={() => {
          setCreating(false);
          setEditing(null);
        }}
        title={editing ? texts.actions.edit : said.createFor}
      >
        <Form
          key={editing?.id ?? 'new'}
          webhook={editing}
          close={() => {
            setCreating(false);
            setEditing(null);
          }}
          created={(one) => setSecret(secretOf(one))}
        />
      </Modal>
      <SecretOnce secret={secret} close={() => setSecret(null)} />
      <Confirm
        opened={regenerating !== null}
        close={() => setRegenerating(null)}
        title={said.regenerateTitle}
        name={regenerating?.name ?? ''}
        action={said.regenerate}
        confirm={async () => setSecret(secretOf(await regenerate.mutateAsync(undefined)))}
      >
        {said.regenerateAbout}
      </Confirm>
      <Confirm
        opened={revoking !== null}
        close={() => setRevoking(null)}
        title={said.revokeTitle}
        name={revoking?.name ?? ''}
        action={texts.actions.revoke}
        confirm={() => revoke.mutateAsync(undefined)}
      >
        {said.revokeAbout}
      </Confirm>
    </Page>
  );
}

function Form({ webhook, close, created }: {
  webhook: Incoming | null;
  close: () => void;
  created: (one: Schemas['IncomingWebhookCreated']) => void;
}) {
  const chats = useChats().data ?? [];
  const form = useForm({
    initialValues: { name: webhook?.name ?? '', chat_id: webhook?.chat_id ?? '', avatar_url: webhook?.avatar_url ?? '', flavour: webhook?.flavour ?? ('ferryman' as Schemas['Flavour']) },
  });
  const save = useChange(
    async (values: typeof form.values) => {
      const input = { name: values.name, avatar_url: values.avatar_url || null };
      if (webhook) {
        const path = { params: { path: { incoming_webhook_id: webhook.id } } };
        await body(api.PATCH('/v1/incoming-webhooks/{incoming_webhook_id}', { ...path, body: input }));
        return null;
      }
      return body(api.POST('/v1/incoming-webhooks', { body: { ...input, chat_id: values.chat_id, flavour: values.flavour } }));
    },
    { touches: [['incoming']], quiet: true },
  );
  async function submit(values: typeof form.values) {
    try {
      const one = await save.mutateAsync(values);
      close();
      if (one) created(one);
    } catch (error) {
      showRefusal(form, error);
    }
  }
  return (
    <form onSubmit={form.onSubmit((values) => void submit(values))}>
      <Stack>
        {save.error && Object.keys(save.error.fields).length === 0 && <Failure error={save.error} />}
        <TextInput label={said.name} description={said.nameAbout} required maxLength={100} data-autofocus {...form.getInputProps('name')} />
        <Select
          label={said.chat}
          data={chats.map((one) => ({ value: one.id, label: one.name }))}
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
        <TextInput label={said.avatar} type="url" placeholder="https://" {...form.getInputProps('avatar_url')} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {texts.actions.cancel}
          </Button>
          <Button type="submit" loading={save.isPending}>
            {webhook ? texts.actions.save : said.create}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
