import { Accordion, Checkbox, Code, Group, MultiSelect, NumberInput, Select, Stack, Switch, TagsInput, Text, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';

import type { Schemas } from '../api/client';
import { covers } from '../api/covers';
import { useChange, useChats, useEventTypes, useMe, useWorkspace } from '../api/queries';
import type { Webhook, WebhookKind } from '../api/webhooks';
import type { Secret } from '../parts/dialogs';
import { Dialog } from '../parts/dialogs';
import { choices } from '../parts/filters';
import { SaveForm } from '../parts/form';
import { Failure, Waiting } from '../parts/layout';
import { named, options } from '../parts/options';
import { ReceiverUrl } from '../parts/receiver_url';
import { eventName } from '../parts/values';
import { texts } from '../texts';
import { disabling } from '../texts/disabling';
import { hooks } from '../texts/hooks';
import { mentioners } from '../texts/mentioners';

const said = texts.webhooks;
export type Values = {
  name: string;
  url: string;
  description: string;
  events: Schemas['EventType'][];
  chat_ids: string[];
  format: Schemas['Format'];
  /** For a callback: who calls it by mentioning its bot. */
  mentioned_by: Schemas['MentionedBy'][];
  max_per_second: number | '';
  /** Here and in `probe`, '' is what the workspace says. */
  disable_after: number | '';
  probe: boolean | '';
  /** Whether it has trigger words, as Mattermost's and Slack's outgoing webhooks have. */
  triggered: boolean;
  trigger_words: string[];
  trigger_when: Schemas['TriggerWhen'];
  trigger_body: Schemas['TriggerBody'];
  reply_name: string;
  reply_avatar_url: string;
};

const PEOPLE: Schemas['MentionedBy'][] = ['user'];

export function valuesOf(webhook: Webhook): Values {
  return {
    name: webhook.name ?? '',
    url: webhook.url,
    description: webhook.description ?? '',
    events: webhook.events,
    chat_ids: webhook.chat_ids ?? [],
    format: webhook.format,
    mentioned_by: webhook.mentioned_by ?? PEOPLE,
    max_per_second: webhook.max_per_second ?? '',
    disable_after: webhook.disable_after ?? '',
    probe: webhook.probe ?? '',
    triggered: webhook.trigger_words !== null,
    trigger_words: (webhook.trigger_words ?? []) as string[],
    trigger_when: webhook.trigger_when ?? 'first_word',
    trigger_body: webhook.trigger_body ?? 'form',
    reply_name: webhook.reply_name ?? '',
    reply_avatar_url: webhook.reply_avatar_url ?? '',
  };
}

/** The fields that a kind of webhook has, as the API takes them: `fresh` for a new one. */
export function inputOf(kind: WebhookKind, values: Values, fresh: boolean) {
  return {
    url: values.url.trim(),
    name: values.name || null,
    description: values.description || null,
    ...(kind.name === 'callback' ? { mentioned_by: values.mentioned_by } : { events: values.events }),
    ...(kind.name === 'workspace' ? { chat_ids: values.chat_ids.length > 0 ? values.chat_ids : null } : {}),
    ...(kind.name === 'workspace' && hasTriggers(values) ? triggersOf(values) : {}),
    ...(kind.name === 'personal' ? {} : { max_per_second: orNull(values.max_per_second) }),
    ...(hasDisabling(kind, fresh) ? { disable_after: orNull(values.disable_after), probe: orNull(values.probe) } : {}),
  };
}

function orNull<T>(value: T | ''): T | null {
  return value === '' ? null : value;
}

/** The API takes these fields when any webhook is edited, and when one of the workspace is created. */
function hasDisabling(kind: WebhookKind, fresh: boolean): boolean {
  return kind.name === 'workspace' || !fresh;
}

const TRIGGERED: Schemas['Format'][] = ['mattermost', 'slack'];

function hasTriggers({ triggered, format }: Values): boolean {
  return triggered && TRIGGERED.includes(format);
}

function triggersOf(values: Values) {
  return {
    trigger_words: values.trigger_words,
    trigger_when: values.trigger_when,
    trigger_body: values.trigger_body,
    reply_name: values.reply_name || null,
    reply_avatar_url: values.reply_avatar_url || null,
  };
}

export type WebhookForm = ReturnType<typeof useWebhookForm>;

export function useWebhookForm(initialValues: Values) {
  return useForm<Values>({ initialValues });
}

/** The fields of a webhook, for creating and for editing. */
export function WebhookFields({ kind, form, fresh }: { kind: WebhookKind; form: WebhookForm; fresh: boolean }) {
  const loading = useEventTypes();
  const types = loading.data ?? [];
  const chats = useChats();
  const everyChat = covers(useMe().data, 'admin:*');
  const offered = types.filter((type) => (kind.name === 'personal' ? type.personal : !type.personal));
  const formats = [...new Set<string>(['ferryman', form.values.format, ...offered.flatMap((type) => Object.keys(type.formats))])];
  return (
    <Stack>
      {fresh && <Text size="sm">{kind.name === 'callback' ? texts.bots.callbackForm : kind.name === 'personal' ? texts.agent.form : said.form}</Text>}
      <TextInput label={said.name} description={said.nameAbout} maxLength={100} {...(fresh ? { 'data-autofocus': true } : {})} {...form.getInputProps('name')} />
      <ReceiverUrl label={said.url} description={said.urlAbout} required {...form.getInputProps('url')} />
      {kind.name !== 'callback' && (
        <Checkbox.Group label={said.events} description={kind.name === 'personal' && fresh ? said.eventsOfPerson : said.eventsAbout} {...form.getInputProps('events')}>
          <Stack gap="xs" mt="xs" mb={form.errors.events ? 'xs' : 0}>
            {loading.isPending && <Waiting />}
            {loading.error && <Failure error={loading.error} retry={() => void loading.refetch()} />}
            {offered.map((type) => (
              <div key={type.type}>
                <Checkbox value={type.type} label={eventName(type.type)} description={type.description} />
                <Example type={type} format={form.values.format} />
              </div>
            ))}
          </Stack>
        </Checkbox.Group>
      )}
      {kind.name === 'callback' && (
        <Checkbox.Group label={mentioners.label} description={mentioners.about} {...form.getInputProps('mentioned_by')}>
          <Stack gap="xs" mt="xs" mb={form.errors.mentioned_by ? 'xs' : 0}>
            {choices(mentioners.names).map(({ value, label }) => (
              <Checkbox key={value} value={value} label={label} />
            ))}
          </Stack>
        </Checkbox.Group>
      )}
      {kind.name === 'workspace' && (
        <MultiSelect
          label={said.chats}
          description={said.chatsAbout}
          placeholder={form.values.chat_ids.length > 0 ? '' : everyChat ? said.everyChatPlaceholder : said.chooseChats}
          {...named(chats)}
          searchable
          {...form.getInputProps('chat_ids')}
        />
      )}
      {kind.name !== 'callback' && (
        <Select
          label={said.format}
          description={said.formatAbout}
          {...options({ data: formats, isPending: loading.isPending }, (value) => ({ value, label: said.formats[value as Schemas['Format']] }))}
          allowDeselect={false}
          disabled={!fresh}
          {...form.getInputProps('format')}
        />
      )}
      {kind.name === 'workspace' && TRIGGERED.includes(form.values.format) && <Triggers form={form} fresh={fresh} />}
      {kind.name !== 'personal' && (
        <NumberInput label={said.maxPerSecond} description={said.maxPerSecondAbout} placeholder={said.noLimit} min={1} max={1000} {...form.getInputProps('max_per_second')} />
      )}
      {hasDisabling(kind, fresh) && <Disabling form={form} />}
      <Textarea label={said.description} autosize minRows={2} {...form.getInputProps('description')} />
    </Stack>
  );
}

/** The fields of an outgoing webhook as Mattermost and Slack know it. One without trigger words cannot get any. */
function Triggers({ form, fresh }: { form: WebhookForm; fresh: boolean }) {
  if (!fresh && !form.values.triggered) return null;
  return (
    <>
      {fresh && (
        <Switch
          label={hooks.triggered}
          description={hooks.triggeredAbout}
          {...form.getInputProps('triggered', { type: 'checkbox' })}
        />
      )}
      {form.values.triggered && (
        <>
          <TagsInput label={hooks.words} description={hooks.wordsAbout} {...form.getInputProps('trigger_words')} />
          <Group grow>
            <Select label={hooks.when} data={choices(hooks.whens)} allowDeselect={false} {...form.getInputProps('trigger_when')} />
            <Select label={hooks.body} data={choices(hooks.bodies)} allowDeselect={false} {...form.getInputProps('trigger_body')} />
          </Group>
          <TextInput label={hooks.replyName} description={hooks.replyNameAbout} maxLength={100} {...form.getInputProps('reply_name')} />
          <TextInput label={hooks.replyAvatar} type="url" placeholder="https://" {...form.getInputProps('reply_avatar_url')} />
        </>
      )}
    </>
  );
}

/** When failures disable it, and whether it comes back: by itself, or as the workspace says. */
function Disabling({ form }: { form: WebhookForm }) {
  const { data: workspace } = useWorkspace();
  return (
    <>
      <NumberInput
        label={disabling.after}
        description={disabling.afterAbout}
        placeholder={workspace ? disabling.saidBy(workspace.disable_webhooks_after) : disabling.asWorkspace}
        min={5}
        max={100}
        {...form.getInputProps('disable_after')}
      />
      <Select<boolean | ''>
        label={disabling.probe}
        description={disabling.probeAbout}
        data={[
          { value: '', label: workspace ? disabling.saidBy(yesOrNo(workspace.probe_webhooks)) : disabling.asWorkspace },
          ...[true, false].map((value) => ({ value, label: yesOrNo(value) })),
        ]}
        allowDeselect={false}
        {...form.getInputProps('probe')}
      />
    </>
  );
}

function yesOrNo(value: boolean): string {
  return value ? said.yes : said.no;
}

function Example({ type, format }: { type: Schemas['EventTypeOut']; format: string }) {
  const other = (type.formats as Record<string, { example?: unknown }>)[format];
  return (
    <Accordion variant="default" chevronPosition="left" className="example">
      <Accordion.Item value="example">
        <Accordion.Control aria-label={`${said.example}: ${eventName(type.type)}`}>
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
    <Dialog opened={opened} close={close} title={wordsOf(rest.kind).createFor} size="xl">
      <Form close={close} {...rest} />
    </Dialog>
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
    mentioned_by: PEOPLE,
    max_per_second: '',
    disable_after: '',
    probe: '',
    triggered: false,
    trigger_words: [],
    trigger_when: 'first_word',
    trigger_body: 'form',
    reply_name: '',
    reply_avatar_url: '',
  });
  const create = useChange(
    (values: Values) =>
      kind.create({
        ...inputOf(kind, values, true),
        ...(kind.name === 'callback' ? {} : { format: values.format }),
        ...(kind.name === 'personal' && values.events.length === 0 ? { events: null } : {}),
      } as Schemas['WebhookIn']),
    { touches: [[...kind.key]], quiet: true },
  );
  return (
    <SaveForm
      form={form}
      save={create}
      action={wordsOf(kind).create}
      close={close}
      saved={(webhook) => created({ title: said.secretTitle, value: webhook.secret ?? '', about: said.secretAbout }, webhook.id)}
    >
      <WebhookFields kind={kind} form={form} fresh />
    </SaveForm>
  );
}
