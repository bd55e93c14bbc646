import { Anchor, NumberInput, Select, SimpleGrid, Switch, TagsInput, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { Link } from 'react-router';

import { api, body, type Schemas } from '../api/client';
import { useChange, useChats, useListing } from '../api/queries';
import { Dialog, type Secret, useNewSecret } from '../parts/dialogs';
import { ChatNames } from '../parts/facts';
import { SaveForm } from '../parts/form';
import { ListPage } from '../parts/list_page';
import { named } from '../parts/options';
import { ReceiverUrl } from '../parts/receiver_url';
import { State, Time } from '../parts/values';
import { useMay } from '../roles';
import { texts } from '../texts';

const said = texts.applications;
export type Application = Schemas['ApplicationOut'];

/** The token and the addresses of an application, and the secret of its callback, once. */
export function applicationSecret(created: Schemas['ApplicationCreated']): Secret {
  const token = created.token ?? '';
  const origin = window.location.origin;
  const post = (url: string, data: object) =>
    `curl -X POST ${url} -H 'Content-Type: application/json' -d '${JSON.stringify(data)}'`;
  return {
    title: said.secretTitle,
    value: token,
    about: said.secretAbout,
    extra: [
      { label: said.toGroup, value: post(`${origin}/webhooks/${created.app_name}/${token}`, { text: 'Hello' }) },
      {
        label: said.toPerson,
        value: post(`${origin}/webhooks/${token}/fchat`, { email: 'user@example.com', text: 'Hello' }),
      },
      ...(created.webhook_secret ? [{ label: said.callbackSecret, value: created.webhook_secret }] : []),
    ],
  };
}

export default function Applications() {
  const mayWrite = useMay('admin:*');
  const listing = useListing<Application>(['applications', 'list'], (cursor) =>
    body(api.GET('/v1/applications', { params: { query: { cursor } } })),
  );
  const [creating, setCreating] = useState(false);
  const secret = useNewSecret((id) => `/settings/integrations/applications/${id}`);
  return (
    <ListPage
      said={said}
      create={mayWrite ? () => setCreating(true) : null}
      listing={listing}
      id={(one) => one.id}
      columns={[
        {
          title: said.name,
          wide: true,
          cell: (one) => (
            <Anchor component={Link} to={`/settings/integrations/applications/${one.id}`} fw={500} size="sm">
              {one.app_name}
            </Anchor>
          ),
        },
        { title: said.group, cell: (one) => <ChatNames ids={one.chat_id ? [one.chat_id] : null} otherwise={texts.none} /> },
        { title: said.people, cell: (one) => <State of={one.may_message_people ? 'active' : 'inactive'} label={one.may_message_people ? said.allowed : said.notAllowed} /> },
        { title: said.lastUsed, cell: (one) => <Time at={one.last_used_at} /> },
      ]}
    >
      <Dialog opened={creating} close={() => setCreating(false)} title={said.createFor} size="lg">
        <ApplicationForm close={() => setCreating(false)} created={(one) => secret.show(applicationSecret(one), one.id)} />
      </Dialog>
      {secret.shown}
    </ListPage>
  );
}

export function ApplicationForm({ application, close, created }: {
  application?: Application;
  close: () => void;
  created?: (one: Schemas['ApplicationCreated']) => void;
}) {
  const chats = useChats();
  const form = useForm({
    initialValues: {
      app_name: application?.app_name ?? '',
      chat_id: application?.chat_id ?? null,
      group_messages: application?.group_messages ?? false,
      may_message_people: application?.may_message_people ?? false,
      creates_people: application?.creates_people ?? false,
      email_domains: (application?.email_domains ?? []) as string[],
      people_per_hour: application?.people_per_hour ?? 100,
      context_seconds: application?.context_seconds ?? 300,
      webhook_url: application?.webhook_url ?? '',
    },
  });
  const save = useChange(
    async (values: typeof form.values) => {
      const input = {
        ...values,
        webhook_url: values.webhook_url || null,
        email_domains: values.email_domains.length > 0 ? values.email_domains : null,
      };
      if (!application) return body(api.POST('/v1/applications', { body: input }));
      const changed = Object.fromEntries(Object.entries(input).filter(([name]) => form.isDirty(name)));
      await body(
        api.PATCH('/v1/applications/{application_id}', {
          params: { path: { application_id: application.id } },
          body: changed as Schemas['ApplicationPatch'],
        }),
      );
      return null;
    },
    { touches: [['applications']], quiet: true, ...(application ? { done: said.saved } : {}) },
  );
  return (
    <SaveForm form={form} save={save} action={application ? texts.actions.save : said.create} close={close} saved={(one) => one && created?.(one)}>
      <TextInput label={said.name} description={said.nameAbout} required data-autofocus {...form.getInputProps('app_name')} />
      <Select
        label={said.group}
        description={said.groupAbout}
        {...named(chats, (chat) => chat.type === 'group')}
        searchable
        clearable
        clearButtonProps={{ 'aria-label': texts.actions.clear }}
        {...form.getInputProps('chat_id')}
      />
      {form.values.chat_id && <Switch label={said.groupMessages} {...form.getInputProps('group_messages', { type: 'checkbox' })} />}
      <Switch label={said.mayMessage} {...form.getInputProps('may_message_people', { type: 'checkbox' })} />
      {form.values.may_message_people && (
        <>
          <Switch label={said.createsPeople} {...form.getInputProps('creates_people', { type: 'checkbox' })} />
          {form.values.creates_people && (
            <TagsInput label={said.domains} description={said.domainsAbout} placeholder="example.com" {...form.getInputProps('email_domains')} />
          )}
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <NumberInput label={said.perHour} description={said.perHourAbout} min={1} {...form.getInputProps('people_per_hour')} />
            <NumberInput label={said.contextSeconds} description={said.contextAbout} min={1} {...form.getInputProps('context_seconds')} />
          </SimpleGrid>
        </>
      )}
      <ReceiverUrl label={said.callback} description={said.callbackAbout} {...form.getInputProps('webhook_url')} />
    </SaveForm>
  );
}
