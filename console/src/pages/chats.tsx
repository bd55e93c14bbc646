import { Anchor, Button, MultiSelect, Switch, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { Link } from 'react-router';

import { api, body, type Schemas } from '../api/client';
import { useChange, useListing, useUsers } from '../api/queries';
import { Dialog } from '../parts/dialogs';
import { SaveForm } from '../parts/form';
import { ListPage } from '../parts/list_page';
import { named } from '../parts/options';
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
    <ListPage
      said={said}
      create={mayWrite ? () => setEditing('new') : null}
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
              <Button size="compact-sm" variant="default" onClick={() => setEditing(chat)} aria-label={texts.actions.editOf(chat.name)}>
                {texts.actions.edit}
              </Button>
            ),
        },
      ]}
    >
      <Dialog opened={editing !== null} close={() => setEditing(null)} title={editing === 'new' || !editing ? said.createFor : texts.actions.editOf(editing.name)}>
        <ChatForm chat={editing === 'new' ? null : editing} close={() => setEditing(null)} />
      </Dialog>
    </ListPage>
  );
}

function ChatForm({ chat, close }: { chat: Chat | null; close: () => void }) {
  const users = useUsers();
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
  return (
    <SaveForm form={form} save={save} action={chat ? texts.actions.save : said.create} close={close}>
      <TextInput label={said.name} required data-autofocus {...form.getInputProps('name')} />
      <TextInput label={said.externalId} description={said.externalAbout} {...form.getInputProps('external_id')} />
      {chat ? (
        <Switch label={said.active} description={said.activeAbout} {...form.getInputProps('active', { type: 'checkbox' })} />
      ) : (
        <MultiSelect
          label={said.members}
          {...named(users)}
          searchable
          {...form.getInputProps('member_ids')}
        />
      )}
    </SaveForm>
  );
}
