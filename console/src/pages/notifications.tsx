import { Anchor, Button, Chip, Group, Input, MultiSelect, NumberInput, Select, Switch, Text, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';

import { api, body, type Schemas } from '../api/client';
import { useChange, useListing, useUsers } from '../api/queries';
import { Dialog } from '../parts/dialogs';
import { choices, FilterBar, useFilters } from '../parts/filters';
import { SaveForm } from '../parts/form';
import { Empty, Page, Section } from '../parts/layout';
import { leads } from '../parts/links';
import { List } from '../parts/list';
import { named } from '../parts/options';
import { State, Time } from '../parts/values';
import { useMay } from '../roles';
import { texts } from '../texts';
import { repeats } from '../texts/repeats';

const said = texts.notifications;
const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const ZONES = [...new Set([HERE, ...Intl.supportedValuesOf('timeZone'), 'UTC'])];
type Entry = Schemas['EntryOut'];
type Sent = Schemas['NotificationOut'];

export default function Notifications() {
  const filters = useFilters();
  const maySend = useMay('notifications:write');
  const unread = filters.get('unread') === 'true';
  const [sending, setSending] = useState(false);
  const listing = useListing<Entry>(
    ['inbox', unread],
    (cursor) => body(api.GET('/v1/me/notifications', { params: { query: { cursor, ...(unread ? { unread } : {}) } } })),
    { refresh: 10_000 },
  );
  const read = useChange(
    (notification_id: string) =>
      body(api.POST('/v1/me/notifications/{notification_id}/read', { params: { path: { notification_id } } })),
    { touches: [['inbox']] },
  );
  return (
    <Page
      title={said.title}
      description={said.about}
      actions={maySend && <Button onClick={() => setSending(true)}>{said.send}</Button>}
    >
      <FilterBar filters={filters} names={[]}>
        <Switch
          label={said.unreadOnly}
          checked={unread}
          onChange={(event) => filters.set('unread', event.currentTarget.checked ? 'true' : null)}
        />
      </FilterBar>
      <List
        label={said.title}
        listing={listing}
        id={(entry) => entry.id}
        columns={[
          {
            title: said.what,
            wide: true,
            cell: (entry) => (
              <>
                <Text size="sm" fw={entry.read_at ? 400 : 700}>
                  {entry.url && leads(entry.title, entry.url) ? (
                    <Anchor href={entry.url} target="_blank" rel="noreferrer" inherit>
                      {entry.title}
                    </Anchor>
                  ) : (
                    entry.title
                  )}
                </Text>
                {entry.body && (
                  <Text size="xs" c="dimmed" className="message">
                    {entry.body}
                  </Text>
                )}
              </>
            ),
          },
          { title: said.type, cell: (entry) => said.types[entry.type] },
          { title: said.time, cell: (entry) => <Time at={entry.created_at} /> },
          {
            title: said.markRead,
            hideTitle: true,
            cell: (entry) =>
              entry.read_at ? null : (
                <Button size="compact-sm" variant="default" onClick={() => read.mutate(entry.id)} aria-label={`${said.markRead}: ${entry.title}`}>
                  {said.markRead}
                </Button>
              ),
          },
        ]}
        empty={<Empty title={said.emptyTitle} about={said.emptyAbout} />}
      />
      {maySend && <SentList />}
      <Dialog opened={sending} close={() => setSending(false)} title={said.send} size="lg">
        <SendForm close={() => setSending(false)} />
      </Dialog>
    </Page>
  );
}

function SentList() {
  const listing = useListing<Sent>(['sent'], (cursor) => body(api.GET('/v1/notifications', { params: { query: { cursor } } })));
  const cancel = useChange(
    (notification_id: string) =>
      body(api.POST('/v1/notifications/{notification_id}/cancel', { params: { path: { notification_id } } })),
    { touches: [['sent']], done: (one) => (one.repeat ? repeats.ended : said.cancelled) },
  );
  return (
    <Section title={said.sent}>
      <List
        label={said.sent}
        listing={listing}
        id={(one) => one.id}
        columns={[
          {
            title: said.what,
            wide: true,
            cell: (one) => (
              <>
                <Text size="sm">{one.title}</Text>
                <When of={one} />
              </>
            ),
          },
          { title: said.to, cell: (one) => (one.everyone ? said.everyone : said.people((one.user_ids as string[] | null)?.length ?? 0)) },
          { title: said.state, cell: (one) => <State of={one.state} /> },
          { title: said.time, cell: (one) => <Time at={one.send_at} /> },
          {
            title: texts.actions.cancel,
            hideTitle: true,
            cell: (one) =>
              one.state === 'scheduled' ? (
                <Button size="compact-sm" variant="default" onClick={() => cancel.mutate(one.id)} aria-label={`${one.repeat ? repeats.endSeries : texts.actions.cancel}: ${one.title}`}>
                  {one.repeat ? repeats.endSeries : texts.actions.cancel}
                </Button>
              ) : null,
          },
        ]}
        empty={<Empty title={said.noneSent} about={said.noneSentAbout} />}
      />
    </Section>
  );
}

/** How a notification repeats, or the moment that it tells of. */
function When({ of: { repeat, starts_at } }: { of: Sent }) {
  if (repeat) {
    const days = repeat.on.map((day) => repeats.weekdays[day]).join(', ');
    return (
      <Text size="xs" c="dimmed">
        {repeats.rule(days, repeat.at, repeat.time_zone)}
        {repeat.minutes_before > 0 && ` · ${repeats.early(repeat.minutes_before)}`}
      </Text>
    );
  }
  if (!starts_at) return null;
  return (
    <Text size="xs" c="dimmed" component="div">
      {repeats.starting} <Time at={starts_at} />
    </Text>
  );
}

function utcOf(local: string): string {
  return new Date(local).toISOString().replace(/\.\d+/, '');
}

type When = keyof typeof repeats.whens;

function SendForm({ close }: { close: () => void }) {
  const users = useUsers();
  const form = useForm({
    initialValues: {
      type: 'system' as Schemas['NotificationType'],
      title: '',
      body: '',
      url: '',
      everyone: true,
      user_ids: [] as string[],
      when: 'now' as When,
      send_at: '',
      starts_at: '',
      minutes_before: '' as number | '',
      on: ['monday'] as Schemas['Weekday'][],
      at: '09:00',
      time_zone: HERE,
    },
  });
  const { when } = form.values;
  const send = useChange(
    (values: typeof form.values) =>
      body(
        api.POST('/v1/notifications', {
          body: {
            type: values.type,
            title: values.title,
            body: values.body || null,
            url: values.url || null,
            everyone: values.everyone,
            user_ids: values.everyone ? null : values.user_ids,
            ...timing(values),
          },
        }),
      ),
    { touches: [['sent'], ['inbox']], done: (one) => (one.state === 'scheduled' ? repeats.scheduled : said.sentNow), quiet: true },
  );
  return (
    <SaveForm form={form} save={send} action={said.send} close={close} shown={['repeat']}>
      <Select label={said.type} data={choices(said.types)} allowDeselect={false} {...form.getInputProps('type')} />
      <TextInput label={said.titleField} required data-autofocus {...form.getInputProps('title')} />
      <Textarea label={said.body} autosize minRows={2} {...form.getInputProps('body')} />
      <TextInput label={said.link} type="url" placeholder="https://" {...form.getInputProps('url')} />
      <Switch label={said.toEveryone} {...form.getInputProps('everyone', { type: 'checkbox' })} />
      {!form.values.everyone && (
        <MultiSelect
          label={said.to}
          {...named(users, (user) => user.role !== 'bot' && user.active)}
          searchable
          {...form.getInputProps('user_ids')}
        />
      )}
      <Select label={repeats.when} data={choices(repeats.whens)} allowDeselect={false} {...form.getInputProps('when')} />
      {when === 'at' && (
        <TextInput type="datetime-local" label={repeats.at} description={repeats.browserTime(HERE)} required {...form.getInputProps('send_at')} />
      )}
      {when === 'before' && (
        <TextInput type="datetime-local" label={repeats.starts} description={repeats.browserTime(HERE)} required {...form.getInputProps('starts_at')} />
      )}
      {when === 'weekly' && (
        <>
          <Input.Wrapper label={repeats.on} error={form.errors.repeat ?? form.errors.on}>
            <Chip.Group multiple {...form.getInputProps('on')}>
              <Group gap={6} mt={4} role="group" aria-label={repeats.on}>
                {choices(repeats.weekdays).map(({ value, label }) => (
                  <Chip key={value} value={value} size="xs">
                    {label}
                  </Chip>
                ))}
              </Group>
            </Chip.Group>
          </Input.Wrapper>
          <Group grow align="flex-start" preventGrowOverflow={false}>
            <TextInput type="time" label={repeats.clock} required {...form.getInputProps('at')} />
            <Select
              label={repeats.zone}
              description={repeats.zoneAbout}
              data={ZONES}
              searchable
              limit={100}
              allowDeselect={false}
              {...form.getInputProps('time_zone')}
            />
          </Group>
        </>
      )}
      {(when === 'before' || when === 'weekly') && (
        <NumberInput
          label={repeats.minutes}
          description={repeats.minutesAbout}
          placeholder={form.values.type === 'meeting' ? '10' : '0'}
          min={0}
          max={1440}
          {...form.getInputProps('minutes_before')}
        />
      )}
    </SaveForm>
  );
}

type Timing = {
  when: When;
  send_at: string;
  starts_at: string;
  minutes_before: number | '';
  on: Schemas['Weekday'][];
  at: string;
  time_zone: string;
};

/** When it is sent, as the API takes it: without a word about it, at once. */
function timing(values: Timing) {
  const early = values.minutes_before === '' ? {} : { minutes_before: values.minutes_before };
  if (values.when === 'at') return { send_at: utcOf(values.send_at) };
  if (values.when === 'before') return { starts_at: utcOf(values.starts_at), ...early };
  if (values.when === 'weekly') return { repeat: { on: values.on, at: values.at, time_zone: values.time_zone }, ...early };
  return {};
}
