import { Accordion, Button, Checkbox, Code, Group, Modal, MultiSelect, NumberInput, Select, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';

import { type ApiError, type Schemas } from '../api/client';
import { useChange, useChats, useEventTypes, useMe } from '../api/queries';
import type { Webhook, WebhookKind } from '../api/webhooks';
import type { Secret } from '../parts/dialogs';
import { Failure } from '../parts/layout';
import { showRefusal } from '../parts/refusal';
import { covers } from '../roles';
import { texts } from '../texts';

const said = texts.webhooks;
export type Values = {
  name: string;
  url: string;
  description: string;
  events: Schemas['EventType'][];
  chat_ids: string[];
  format: Schemas['Format'];
  max_per_second: number | '';
};

export function valuesOf(webhook: Webhook): Values {
  return {
    name: webhook.name ?? '',
    url: webhook.url,
    description: webhook.description ?? '',
    events: webhook.events,
    chat_ids: webhook.chat_ids ?? [],
    format: webhook.format,
    max_per_second: webhook.max_per_second ?? '',
  };
}

/** The fields that a kind of webhook has, as the API takes them. */
export function inputOf(kind: WebhookKind, values: Values) {
  return {
    url: values.url.trim(),
    name: values.name || null,
    description: values.description || null,
    ...(kind.name === 'callback' ? {} : { events: values.events }),
    ...(kind.name === 'workspace' ? { chat_ids: values.chat_ids.length > 0 ? values.chat_ids : null } : {}),
    ...(kind.name === 'personal' ? {} : { max_per_second: values.max_per_second === '' ? null : values.max_per_second }),
  };
}

export type WebhookForm = ReturnType<typeof useWebhookForm>;

export function useWebhookForm(initialValues: Values) {
  return useForm<Values>({ initialValues });
}

/** The fields of a webhook, for creating and for editing. */
export function WebhookFields({ kind, form, fresh }: { kind: WebhookKind; form: WebhookForm; fresh: boolean }) {
  const types = useEventTypes().data ?? [];
  const chats = useChats().data ?? [];
  const everyChat = covers(useMe().data, 'admin:*');
  const offered = types.filter((type) => (kind.name === 'personal' ? type.personal : !type.personal));
  const formats = Object.keys(offered.reduce<Record<string, unknown>>((all, type) => ({ ...all, ...type.formats }), { ferryman: {} }));
  return (
    <Stack>
      <TextInput label={said.name} maxLength={100} {...(fresh ? { 'data-autofocus': true } : {})} {...form.getInputProps('name')} />
      <TextInput label={said.url} description={said.urlAbout} type="url" required placeholder="https://" {...form.getInputProps('url')} />
      {kind.name !== 'callback' && (
        <Checkbox.Group label={said.events} description={said.eventsAbout} {...form.getInputProps('events')}>
          <Stack gap="xs" mt="xs" mb={form.errors.events ? 'xs' : 0}>
            {offered.map((type) => (
              <div key={type.type}>
                <Checkbox value={type.type} label={type.type} description={type.description} />
                <Example type={type} format={form.values.format} />
              </div>
            ))}
          </Stack>
        </Checkbox.Group>
      )}
      {kind.name === 'workspace' && (
        <MultiSelect
          label={said.chats}
          description={said.chatsAbout}
          placeholder={form.values.chat_ids.length > 0 ? '' : everyChat ? said.everyChatPlaceholder : said.chooseChats}
          data={chats.map((chat) => ({ value: chat.id, label: chat.name }))}
          searchable
          {...form.getInputProps('chat_ids')}
        />
      )}
      {kind.name !== 'callback' && (
        <Select
          label={said.format}
          description={said.formatAbout}
          data={formats}
          allowDeselect={false}
          disabled={!fresh}
          {...form.getInputProps('format')}
        />
      )}
      {kind.name !== 'personal' && (
        <NumberInput label={said.maxPerSecond} placeholder={said.noLimit} min={1} max={1000} {...form.getInputProps('max_per_second')} />
      )}
      <Textarea label={said.description} autosize minRows={2} {...form.getInputProps('description')} />
    </Stack>
  );
}

function Example({ type, format }: { type: Schemas['EventTypeOut']; format: string }) {
  const other = (type.formats as Record<string, { example?: unknown }>)[format];
  return (
    <Accordion variant="default" chevronPosition="left" className="example">
      <Accordion.Item value="example">
        <Accordion.Control aria-label={`${said.example}: ${type.type}`}>
          <Text size="xs">{said.example}</Text>
        </Accordion.Control>
        <Accordion.Panel>
          <Code block tabIndex={0} className="code">
            {JSON.stringify(other?.example ?? type.example, null, 2)}
          </Code>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}

/** A callback of a bot is a webhook by another name. */
export function wordsOf(kind: WebhookKind) {
  const bots = texts.bots;
  return kind.name === 'callback'
    ? {
        title: bots.callbacks,
        create: bots.addCallback,
        createFor: bots.callbackFor,
        emptyTitle: bots.callbacksEmptyTitle,
        emptyAbout: bots.callbacksEmptyAbout,
      }
    : kind.name === 'personal'
      ? { ...said, ...texts.agent.list }
      : said;
}

type Props = { kind: WebhookKind; opened: boolean; close: () => void; created: (secret: Secret, id: string) => void };

export function CreateWebhook({ opened, close, ...rest }: Props) {
  return (
    <Modal opened={opened} onClose={close} title={wordsOf(rest.kind).createFor} size="xl">
      {opened && <Form close={close} {...rest} />}
    </Modal>
  );
}

function Form({ kind, close, created }: Omit<Props, 'opened'>) {
  const form = useWebhookForm({
    name: '',
    url: '',
    description: '',
    events: kind.name === 'workspace' ? ['message.created'] : [],
    chat_ids: [],
    format: kind.name === 'personal' ? 'fluxdesk' : 'ferryman',
    max_per_second: '',
  });
  const create = useChange(
    (values: Values) =>
      kind.create({
        ...inputOf(kind, values),
        ...(kind.name === 'callback' ? {} : { format: values.format }),
        ...(kind.name === 'personal' && values.events.length === 0 ? { events: null } : {}),
      } as Schemas['WebhookIn']),
    { touches: [[...kind.key]], quiet: true },
  );
  async function submit(values: Values) {
    try {
      const webhook = await create.mutateAsync(values);
      close();
      created({ title: said.secretTitle, value: webhook.secret ?? '', about: said.secretAbout }, webhook.id);
    } catch (error) {
      showRefusal(form, error);
    }
  }
  return (
    <form onSubmit={form.onSubmit((values) => void submit(values))}>
      <Stack>
        {create.error && !known(create.error, form.values) && <Failure error={create.error} />}
        <WebhookFields kind={kind} form={form} fresh />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {texts.actions.cancel}
          </Button>
          <Button type="submit" loading={create.isPending}>
            {wordsOf(kind).create}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Whether every refused field is one that the form shows. */
export function known(error: ApiError, values: Values): boolean {
  const names = Object.keys(error.fields);
  return names.length > 0 && names.every((name) => name in values);
}
