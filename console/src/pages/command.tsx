import { Alert, Anchor, Button, Group, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useParams } from 'react-router';

import { api, ApiError, body, done, type Schemas } from '../api/client';
import { useChange, useChats, useRemoval } from '../api/queries';
import type { Words } from '../parts/changes';
import { CopyText } from '../parts/copy';
import { ConfirmButton, Dialog, type Secret, SecretOnce } from '../parts/dialogs';
import { Fact } from '../parts/facts';
import { Failure, Loaded, Page } from '../parts/layout';
import { MessageText } from '../parts/message_text';
import { named } from '../parts/options';
import { Disabled, type Owned, Ownership } from '../parts/owner';
import { Settings } from '../parts/settings';
import { State, Time } from '../parts/values';
import { useMay } from '../roles';
import { texts } from '../texts';
import { commands as said } from '../texts/commands';
import { type Command, CommandFields, commandSecret, inputOf, PAGE, useCommandForm, type Values, valuesOf } from './commands';

const BACK = { to: PAGE, label: said.title };
const LABELS: Record<keyof Values, string> = {
  trigger: said.trigger,
  url: said.url,
  method: said.method,
  name: said.name,
  description: said.description,
  autocomplete: said.autocomplete,
  autocomplete_hint: said.hint,
  autocomplete_description: said.suggestion,
  reply_name: said.replyName,
  reply_avatar_url: said.replyAvatar,
};

const WORDS: Words<Values> = { method: (value) => said.methods[value as Schemas['Method']] };

function owned(command: Command): Owned {
  return { collection: 'commands', id: command.id, name: `/${command.trigger}`, touches: [['commands']] };
}

export default function CommandPage() {
  const { id = '' } = useParams();
  const mayWrite = useMay('webhooks:write');
  const mayRun = useMay('messages:write');
  const [trying, setTrying] = useState(false);
  const [secret, setSecret] = useState<Secret | null>(null);
  const path = { params: { path: { command_id: id } } };
  const query = useQuery<Command, ApiError>({
    queryKey: ['commands', id],
    queryFn: () => body(api.GET('/v1/commands/{command_id}', path)),
  });
  const setState = useChange(
    (state: Schemas['State']) => body(api.PATCH('/v1/commands/{command_id}', { ...path, body: { state } })),
    { touches: [['commands']], done: (one) => (one.state === 'enabled' ? said.enabledNow : said.disabledNow) },
  );
  const regenerate = useChange(() => body(api.POST('/v1/commands/{command_id}/regenerate', path)), { touches: [['commands']] });
  const remove = useRemoval(() => done(api.DELETE('/v1/commands/{command_id}', path)), {
    touches: [['commands', 'list']],
    done: said.deleted,
    back: PAGE,
  });
  const command = query.data;
  return (
    <Page
      title={command ? `/${command.trigger}` : said.title}
      description={command?.description ?? command?.name}
      back={BACK}
      actions={
        command && (
          <>
            {mayRun && (
              <Button onClick={() => setTrying(true)} disabled={command.state === 'disabled'}>
                {said.try}
              </Button>
            )}
            {mayWrite && (
              <>
                <Button
                  variant="default"
                  loading={setState.isPending}
                  onClick={() => setState.mutate(command.state === 'enabled' ? 'disabled' : 'enabled')}
                >
                  {command.state === 'enabled' ? said.disable : said.enable}
                </Button>
                <ConfirmButton
                  label={said.regenerate}
                  title={said.regenerateTitle}
                  name={command.trigger}
                  confirm={async () => setSecret(commandSecret(await regenerate.mutateAsync(undefined)))}
                >
                  {said.regenerateAbout}
                </ConfirmButton>
                <ConfirmButton
                  red
                  label={texts.actions.delete}
                  title={said.deleteTitle}
                  name={command.trigger}
                  confirm={remove}
                >
                  {said.deleteAbout}
                </ConfirmButton>
              </>
            )}
          </>
        )
      }
    >
      <Loaded query={query}>
        {(one) => (
          <Stack gap="lg">
            {one.state === 'disabled' && (
              <Disabled title={said.disabledTitle} reason={one.disabled_reason} at={one.disabled_at} owned={owned(one)}>
                {said.disabledAbout}
              </Disabled>
            )}
            <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }}>
              <Fact label={said.url}>
                <CopyText value={one.url} />
              </Fact>
              <Fact label={said.state}>
                <State of={one.state} />
              </Fact>
              <Fact label={said.created}>
                <Time at={one.created_at} />
              </Fact>
            </SimpleGrid>
            <CommandSettings key={one.updated_at} command={one} mayWrite={mayWrite} />
            <Ownership owned={owned(one)} owner={one.owner_id} />
            <Dialog opened={trying} close={() => setTrying(false)} title={said.tryTitle(one.trigger)} size="lg">
              <Try command={one} />
            </Dialog>
          </Stack>
        )}
      </Loaded>
      <SecretOnce secret={secret} close={() => setSecret(null)} />
    </Page>
  );
}

function CommandSettings({ command, mayWrite }: { command: Command; mayWrite: boolean }) {
  const before = valuesOf(command);
  const form = useCommandForm(before);
  return (
    <Settings
      form={form}
      before={before}
      labels={LABELS}
      words={WORDS}
      mayWrite={mayWrite}
      input={inputOf}
      edit={(changed) => body(api.PATCH('/v1/commands/{command_id}', { params: { path: { command_id: command.id } }, body: changed }))}
      touches={[['commands']]}
      done={said.saved}
    >
      <CommandFields form={form} fresh={false} />
    </Settings>
  );
}

/** Runs the command in a chat, as the person who tries it, and shows the answer in place. */
function Try({ command }: { command: Command }) {
  const chats = useChats();
  const [chat, setChat] = useState<string | null>(null);
  const [text, setText] = useState('');
  const run = useChange(
    (chat_id: string) =>
      body(
        api.POST('/v1/chats/{chat_id}/messages', {
          params: { path: { chat_id } },
          body: { text: `/${command.trigger} ${text}`.trim() },
        }),
      ),
    { touches: [['messages']], quiet: true },
  );
  const ran = run.data && 'outcome' in run.data ? run.data : undefined;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (chat) run.mutate(chat);
      }}
    >
      <Stack>
        <Text size="sm">{said.tryAbout}</Text>
        <Select
          label={said.chat}
          {...named(chats, (one) => one.active)}
          value={chat}
          onChange={setChat}
          searchable
          required
          data-autofocus
        />
        <TextInput
          label={said.arguments}
          leftSection={<Text size="sm">/{command.trigger}</Text>}
          leftSectionWidth={`${command.trigger.length + 3}ch`}
          placeholder={command.autocomplete_hint ?? ''}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {run.error && <Failure error={run.error} />}
        {ran && <Run ran={ran} />}
        <Group justify="flex-end">
          {ran && chat && (
            <Anchor component={Link} to={`/chats/${chat}`} size="sm">
              {said.toChat}
            </Anchor>
          )}
          <Button type="submit" loading={run.isPending} disabled={!chat}>
            {ran ? said.runAgain : said.run}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Run({ ran }: { ran: Schemas['CommandRunOut'] }) {
  const failed = ran.outcome === 'failed';
  return (
    <Alert color={failed ? 'red' : 'teal'} title={failed ? said.failed : said.answered} aria-live="polite">
      <Stack gap={6}>
        {ran.detail && <Text size="sm">{ran.detail}</Text>}
        {!failed && ran.messages.length === 0 && <Text size="sm">{said.silent}</Text>}
        {ran.messages.map((message) => (
          <div key={message.id}>
            <Text size="xs" c="dimmed">
              {message.visible_to ? said.toYou : said.toAll}
            </Text>
            {message.text && <MessageText>{message.text}</MessageText>}
          </div>
        ))}
        {ran.goto_location && (
          <Text size="sm">
            {said.goes}{' '}
            <Anchor href={ran.goto_location} target="_blank" rel="noreferrer" inherit>
              {ran.goto_location}
            </Anchor>
          </Text>
        )}
      </Stack>
    </Alert>
  );
}
