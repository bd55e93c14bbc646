import { Anchor, Avatar, Group, Text, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { Link } from 'react-router';

import { api, body, type Schemas } from '../api/client';
import { useChange, useListing } from '../api/queries';
import { Dialog, type Secret, useNewSecret } from '../parts/dialogs';
import { SaveForm } from '../parts/form';
import { ListPage } from '../parts/list_page';
import { State, Time } from '../parts/values';
import { useMay } from '../roles';
import { texts } from '../texts';

const said = texts.bots;
type Bot = Schemas['BotOut'];

/** The token of a bot, once, with lines that try it. */
export function botSecret(value: string): Secret {
  const curl = `curl -H 'Authorization: Bearer ${value}'`;
  const api = `${window.location.origin}/v1`;
  return {
    title: said.secretTitle,
    value,
    about: said.secretAbout,
    extra: [
      { label: texts.tokens.tryIt, value: `${curl} ${api}/me` },
      { label: said.post, value: `${said.postAbout}\nCHAT_ID=cht_…\n${curl} -H 'Content-Type: application/json' -d '{"text": "Hello"}' ${api}/chats/$CHAT_ID/messages` },
    ],
  };
}

export default function Bots() {
  const mayWrite = useMay('bots:write');
  const listing = useListing<Bot>(['bots', 'list'], (cursor) => body(api.GET('/v1/bots', { params: { query: { cursor } } })));
  const [creating, setCreating] = useState(false);
  const secret = useNewSecret((id) => `/settings/integrations/bots/${id}`);
  return (
    <ListPage
      said={said}
      create={mayWrite ? () => setCreating(true) : null}
      listing={listing}
      id={(bot) => bot.id}
      columns={[
          {
            title: said.name,
            wide: true,
            cell: (bot) => (
              <Group gap="sm" wrap="nowrap">
                <Avatar src={bot.avatar_url} name={bot.name} color="blue" size={36} alt="" />
                <div>
                  <Anchor component={Link} to={`/settings/integrations/bots/${bot.id}`} fw={500} size="sm">
                    {bot.name}
                  </Anchor>
                  {bot.about && (
                    <Text size="xs" c="dimmed">
                      {bot.about}
                    </Text>
                  )}
                </div>
              </Group>
            ),
          },
          { title: said.handle, cell: (bot) => <Text size="sm" ff="monospace">@{bot.handle}</Text> },
          { title: said.state, cell: (bot) => <State of={bot.active ? 'active' : 'inactive'} /> },
          { title: said.created, cell: (bot) => <Time at={bot.created_at} /> },
      ]}
    >
      <Dialog opened={creating} close={() => setCreating(false)} title={said.createFor}>
        <BotForm
          close={() => setCreating(false)}
          created={(bot) => secret.show(botSecret(bot.token ?? ''), bot.id)}
        />
      </Dialog>
      {secret.shown}
    </ListPage>
  );
}

/** The profile of a bot, to create one and to edit one. */
export function BotForm({ bot, close, created }: {
  bot?: Bot;
  close: () => void;
  created?: (bot: Schemas['BotCreated']) => void;
}) {
  const form = useForm({
    initialValues: {
      name: bot?.name ?? '',
      handle: bot?.handle ?? '',
      about: bot?.about ?? '',
      avatar_url: bot?.avatar_url ?? '',
    },
  });
  const save = useChange(
    async (values: typeof form.values) => {
      const { avatar_url, ...others } = { ...values, about: values.about || null, avatar_url: values.avatar_url || null };
      if (!bot) return body(api.POST('/v1/bots', { body: { ...others, avatar_url } }));
      const changed = avatar_url === bot.avatar_url ? others : { ...others, avatar_url };
      await body(api.PATCH('/v1/bots/{bot_id}', { params: { path: { bot_id: bot.id } }, body: changed }));
      return null;
    },
    { touches: [['bots'], ['users']], quiet: true, ...(bot ? { done: said.saved } : {}) },
  );
  return (
    <SaveForm form={form} save={save} action={bot ? texts.actions.save : said.create} close={close} saved={(fresh) => fresh && created?.(fresh)}>
      <TextInput label={said.name} required maxLength={100} data-autofocus {...form.getInputProps('name')} />
      <TextInput label={said.handle} description={said.handleAbout} leftSection="@" required {...form.getInputProps('handle')} />
      <TextInput label={said.avatar} type="url" placeholder="https://" {...form.getInputProps('avatar_url')} />
      <Textarea label={said.profile} autosize minRows={2} {...form.getInputProps('about')} />
    </SaveForm>
  );
}
