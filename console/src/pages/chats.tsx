import { Anchor, Button, Group, Modal, MultiSelect, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { Link } from 'react-router';

import { api, body, type Schemas } from '../api/client';
import { useChange, useListing, useUsers } from '../api/queries';
import { PlusIcon } from '../parts/icons';
import { Empty, Failure, Page } from '../parts/layout';
import { List } from '../parts/list';
import { showRefusal } from '../parts/refusal';
import { State, Time } from '../parts/values';
import { useMay } from '../roles';
import { texts } from '../texts';

const said = texts.chats;
export type Chat = Schemas['ChatOut'];

export default function Chats() {
  const mayWrite = useMay('chats:write');
  const listing = useListing<Chat>(['chats', 'list'], (cursor) => body(api.GET('/v1/chats', { params: { query: { cursor } } })));
  const [editing, setEditing] = useState<Chat | 'new' | null>(null);
  return (
    <Page
      title={said.title}
      description={said.about}
      actions={
        mayWrite && (
          <Button leftSection={<PlusIcon />} onClick={() => setEditing('new')}>
            {said.create}
          </Button>
        )
      }
    >
      <List
        label={said.title}
        listing={listing}
        id={(chat) => chat.id}
        columns={[
          {
            title: said.name,
            wide: true,
            cell: (chat) => (
              <>
                <Anchor component={Link} to={`/chats/${chat.id}`} fw={500} size="sm">
                  {chat.name}
                </Anchor>
                {chat.external_id && (
                  <Text size="xs" c="dimmed">
                    {said.external} {chat.external_id}
                  </Text>
                )}
              </>
            ),
          },
          { title: said.type, cell: (chat) => said.types[chat.type] },
          { title: said.state, cell: (chat) => <State of={chat.active ? 'active' : 'inactive'} /> },
          { title: said.created, cell: (chat) => <Time at={chat.created_at} /> },
          {
            title: texts.actions.edit,
            hideTitle: true,
            cell: (chat) =>
              mayWrite && (
                <Button size="compact-sm" variant="default" onClick={() => setEditing(chat)} aria-label={`${texts.actions.edit} ${chat.name}`}>
                  {texts.actions.edit}
                </Button>
              ),
          },
        ]}
        empty={
          <Empty title={said.emptyTitle} about={said.emptyAbout}>
            {mayWrite && <Button onClick={() => setEditing('new')}>{said.create}</Button>}
          </Empty>
        }
      />
      <Modal opened={editing !== null} onClose={() => setEditing(null)} title={editing === 'new' ? said.createFor : texts.actions.edit}>
        {editing && <ChatForm chat={editing === 'new' ? null : editing} close={() => setEditing(null)} />}
      </Modal>
    </Page>
  );
}

function ChatForm({ chat, close }: { chat: Chat | null; close: () => void }) {
  const users = useUsers().data ?? [];
  const form = useForm({
    initialValues: {
      name: chat?.name ?? '',
      external_id: chat?.external_id ?? '',
      active: chat?.active ?? true,
      member_ids: [] as string[],
    },
  });
  const save = useChange(
    (values: typeof form.values) => {
      const input = { name: values.name, external_id: values.external_id || null };
      return chat
        ? body(
            api.PATCH('/v1/chats/{chat_id}', {
              params: { path: { chat_id: chat.id } },
              body: { ...input, active: values.active },
            }),
          )
        : body(api.POST('/v1/chats', { body: { ...input, type: 'group', member_ids: values.member_ids } }));
    },
    { touches: [['chats']], quiet: true, done: chat ? said.saved : said.createdNow },
  );
  async function submit(values: typeof form.values) {
    try {
      await save.mutateAsync(values);
      close();
    } catch (error) {
      showRefusal(form, error);
    }
  }
  return (
    <form onSubmit={form.onSubmit((values) => void submit(values))}>
      <Stack>
        {save.error && Object.keys(save.error.fields).length === 0 && <Failure error={save.error} />}
        <TextInput label={said.name} required data-autofocus {...form.getInputProps('name')} />
        <TextInput label={said.externalId} description={said.externalAbout} {...form.getInputProps('external_id')} />
        {chat ? (
          <Switch label={said.active} description={said.activeAbout} {...form.getInputProps('active', { type: 'checkbox' })} />
        ) : (
          <MultiSelect
            label={said.members}
            data={users.map((user) => ({ value: user.id, label: user.name }))}
            searchable
            {...form.getInputProps('member_ids')}
          />
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {texts.actions.cancel}
          </Button>
          <Button type="submit" loading={save.isPending}>
            {chat ? texts.actions.save : said.create}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
