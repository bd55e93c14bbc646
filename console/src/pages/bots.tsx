import { Anchor, Avatar, Button, Group, Modal, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router';

import { api, body, type Schemas } from '../api/client';
import { useChange, useListing } from '../api/queries';
import { type Secret, SecretOnce } from '../parts/dialogs';
import { PlusIcon } from '../parts/icons';
import { Empty, Failure, Page } from '../parts/layout';
import { List } from '../parts/list';
import { showRefusal } from '../parts/refusal';
import { State, Time } from '../parts/values';
import { useMay } from '../roles';
import { texts } from '../texts';

const said = texts.bots;
type Bot = Schemas['BotOut'];

export default function Bots() {
  const mayWrite = useMay('bots:write');
  const listing = useListing<Bot>(['bots', 'list'], (cursor) => body(api.GET('/v1/bots', { params: { query: { cursor } } })));
  const [creating, setCreating] = useState(false);
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
      <List
        label={said.title}
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
        empty={
          <Empty title={said.emptyTitle} about={said.emptyAbout}>
            {mayWrite && <Button onClick={() => setCreating(true)}>{said.create}</Button>}
          </Empty>
        }
      />
      <CreateBot opened={creating} close={() => setCreating(false)} />
    </Page>
  );
}

function CreateBot({ opened, close }: { opened: boolean; close: () => void }) {
  const [secret, setSecret] = useState<{ secret: Secret; id: string } | null>(null);
  const navigate = useNavigate();
  return (
    <>
      <Modal opened={opened} onClose={close} title={said.createFor}>
        {opened && (
          <BotForm
            close={close}
            created={(bot) => {
              const value = bot.token ?? '';
              setSecret({ id: bot.id, secret: { title: said.secretTitle, value, about: said.secretAbout } });
            }}
          />
        )}
      </Modal>
      <SecretOnce
        secret={secret?.secret ?? null}
        close={() => {
          void navigate(`/settings/integrations/bots/${secret?.id ?? ''}`);
          setSecret(null);
        }}
      />
    </>
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
    { touches: [['bots']], quiet: true, ...(bot ? { done: said.saved } : {}) },
  );
  async function submit(values: typeof form.values) {
    try {
      const fresh = await save.mutateAsync(values);
      close();
      if (fresh) created?.(fresh);
    } catch (error) {
      showRefusal(form, error);
    }
  }
  return (
    <form onSubmit={form.onSubmit((values) => void submit(values))}>
      <Stack>
        {save.error && Object.keys(save.error.fields).length === 0 && <Failure error={save.error} />}
        <TextInput label={said.name} required maxLength={100} data-autofocus {...form.getInputProps('name')} />
        <TextInput label={said.handle} description={said.handleAbout} leftSection="@" required {...form.getInputProps('handle')} />
        <TextInput label={said.avatar} type="url" placeholder="https://" {...form.getInputProps('avatar_url')} />
        <Textarea label={said.profile} autosize minRows={2} {...form.getInputProps('about')} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {texts.actions.cancel}
          </Button>
          <Button type="submit" loading={save.isPending}>
            {bot ? texts.actions.save : said.create}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
