import { Anchor, Select, SimpleGrid, Stack, Switch, Text, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { Link } from 'react-router';

import { api, body, type Schemas } from '../api/client';
import { useChange, useListing } from '../api/queries';
import { Dialog, type Secret, useNewSecret } from '../parts/dialogs';
import { Person } from '../parts/facts';
import { choices } from '../parts/filters';
import { SaveForm } from '../parts/form';
import { ListPage } from '../parts/list_page';
import { ReceiverUrl } from '../parts/receiver_url';
import { shortUrl, State } from '../parts/values';
import { useMay } from '../roles';
import { commands as said } from '../texts/commands';

export type Command = Schemas['CommandOut'];
export const PAGE = '/settings/integrations/commands';

/** The token of a command, once, with a line that calls the receiver as a run does. */
export function commandSecret(created: Schemas['CommandCreated']): Secret {
  const token = created.token ?? '';
  const fields = `--data-urlencode 'command=/${created.trigger}' --data-urlencode 'text=production' --data-urlencode 'token=${token}'`;
  return {
    title: said.secretTitle,
    value: token,
    about: said.secretAbout,
    extra: [
      {
        label: said.tryByCurl,
        value: `curl ${created.method === 'get' ? '-G ' : ''}-H 'Authorization: Token ${token}' ${fields} ${created.url}`,
      },
    ],
  };
}

export default function Commands() {
  const mayWrite = useMay('webhooks:write');
  const listing = useListing<Command>(['commands', 'list'], (cursor) =>
    body(api.GET('/v1/commands', { params: { query: { cursor } } })),
  );
  const [creating, setCreating] = useState(false);
  const secret = useNewSecret((id) => `${PAGE}/${id}`);
  return (
    <ListPage
      said={said}
      create={mayWrite ? () => setCreating(true) : null}
      listing={listing}
      id={(one) => one.id}
      columns={[
        {
          title: said.trigger,
          wide: true,
          cell: (one) => (
            <>
              <Anchor component={Link} to={`${PAGE}/${one.id}`} fw={500} size="sm">
                /{one.trigger}
              </Anchor>
              {(one.name ?? one.description) && (
                <Text size="xs" c="dimmed">
                  {one.name ?? one.description}
                </Text>
              )}
            </>
          ),
        },
        { title: said.url, wide: true, cell: (one) => <Text size="sm">{shortUrl(one.url)}</Text> },
        { title: said.state, cell: (one) => <State of={one.state} /> },
        { title: said.owner, cell: (one) => <Person id={one.owner_id} /> },
      ]}
    >
      <Dialog opened={creating} close={() => setCreating(false)} title={said.createFor} size="lg">
        <CreateForm close={() => setCreating(false)} created={(one) => secret.show(commandSecret(one), one.id)} />
      </Dialog>
      {secret.shown}
    </ListPage>
  );
}

const NEW = {
  trigger: '',
  url: '',
  method: 'post' as Schemas['Method'],
  name: '',
  description: '',
  autocomplete: true,
  autocomplete_hint: '',
  autocomplete_description: '',
  reply_name: '',
  reply_avatar_url: '',
};
export type Values = typeof NEW;
export type CommandForm = ReturnType<typeof useCommandForm>;

export function useCommandForm(initialValues: Values) {
  return useForm<Values>({ initialValues });
}

export function valuesOf(command: Command): Values {
  return Object.fromEntries(Object.keys(NEW).map((name) => [name, command[name as keyof Values] ?? ''])) as Values;
}

/** The fields as the API takes them: an empty one is null. */
export function inputOf(values: Values) {
  const { trigger, url, method, autocomplete, ...others } = values;
  const optional = Object.fromEntries(Object.entries(others).map(([name, value]) => [name, value || null]));
  return { ...optional, trigger: trigger.trim().replace(/^\//, ''), url: url.trim(), method, autocomplete };
}

export function CommandFields({ form, fresh }: { form: CommandForm; fresh: boolean }) {
  return (
    <Stack>
      <TextInput
        label={said.trigger}
        description={fresh ? said.triggerAbout : said.triggerChanges}
        leftSection="/"
        required
        maxLength={128}
        {...(fresh ? { 'data-autofocus': true } : {})}
        {...form.getInputProps('trigger')}
      />
      <ReceiverUrl label={said.url} description={said.urlAbout} required {...form.getInputProps('url')} />
      <Select label={said.method} data={choices(said.methods)} allowDeselect={false} {...form.getInputProps('method')} />
      <TextInput label={said.name} description={said.nameAbout} maxLength={100} {...form.getInputProps('name')} />
      <Textarea label={said.description} autosize minRows={2} {...form.getInputProps('description')} />
      <Switch label={said.autocomplete} {...form.getInputProps('autocomplete', { type: 'checkbox' })} />
      {form.values.autocomplete && (
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <TextInput label={said.hint} description={said.hintAbout} {...form.getInputProps('autocomplete_hint')} />
          <TextInput label={said.suggestion} description={said.suggestionAbout} {...form.getInputProps('autocomplete_description')} />
        </SimpleGrid>
      )}
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <TextInput label={said.replyName} description={said.replyNameAbout} maxLength={100} {...form.getInputProps('reply_name')} />
        <TextInput label={said.replyAvatar} description={said.replyAvatarAbout} type="url" placeholder="https://" {...form.getInputProps('reply_avatar_url')} />
      </SimpleGrid>
    </Stack>
  );
}

function CreateForm({ close, created }: { close: () => void; created: (one: Schemas['CommandCreated']) => void }) {
  const form = useCommandForm(NEW);
  const create = useChange((values: Values) => body(api.POST('/v1/commands', { body: inputOf(values) })), {
    touches: [['commands']],
    quiet: true,
  });
  return (
    <SaveForm form={form} save={create} action={said.create} close={close} saved={created}>
      <CommandFields form={form} fresh />
    </SaveForm>
  );
}
