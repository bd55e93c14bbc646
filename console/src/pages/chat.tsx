import { ActionIcon, Alert, Avatar, Badge, Button, Group, Select, Stack, Text, Textarea } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useParams } from 'react-router';

import { api, type ApiError, body, done, type Schemas } from '../api/client';
import { useChange, useListing, useMe, useUsers } from '../api/queries';
import { AttachmentView } from '../parts/attachment';
import { CopyText } from '../parts/copy';
import { Confirm, Dialog } from '../parts/dialogs';
import { Fact } from '../parts/facts';
import { Cross2Icon } from '../parts/icons';
import { Empty, Failure, Loaded, Page, Section, Waiting } from '../parts/layout';
import { Markdown, MessageText } from '../parts/message_text';
import { notifyDone } from '../parts/notify';
import { Time } from '../parts/values';
import { useMay } from '../roles';
import { texts } from '../texts';
import { commands } from '../texts/commands';
import type { Chat } from './chats';

const said = texts.chats;
type Message = Schemas['MessageOut'];

export default function ChatPage() {
  const { id = '' } = useParams();
  const query = useQuery<Chat, ApiError>({
    queryKey: ['chats', id],
    queryFn: () => body(api.GET('/v1/chats/{chat_id}', { params: { path: { chat_id: id } } })),
  });
  const [members, setMembers] = useState(false);
  return (
    <Page
      title={query.data?.name ?? said.title}
      back={{ to: '/settings/chats', label: said.title }}
      actions={
        <Button variant="default" onClick={() => setMembers(true)}>
          {said.members}
        </Button>
      }
    >
      <Fact label={said.id}>
        <CopyText value={id} />
      </Fact>
      <Loaded query={query}>{(chat) => <Conversation chat={chat} />}</Loaded>
      <Dialog opened={members} close={() => setMembers(false)} title={said.members}>
        {query.data && <Members chat={query.data} />}
      </Dialog>
    </Page>
  );
}

function Conversation({ chat }: { chat: Chat }) {
  const [text, setText] = useState('');
  const mayWrite = useMay('messages:write');
  const path = { params: { path: { chat_id: chat.id } } };
  const listing = useListing<Message>(
    ['messages', chat.id],
    (cursor) => body(api.GET('/v1/chats/{chat_id}/messages', { params: { path: { chat_id: chat.id }, query: { cursor } } })),
    { refresh: 3000 },
  );
  const send = useChange(() => body(api.POST('/v1/chats/{chat_id}/messages', { ...path, body: { text } })), {
    touches: [['messages', chat.id]],
  });
  function submit() {
    if (text.trim()) send.mutate(undefined, { onSuccess: () => setText('') });
  }
  const ran = send.data && 'outcome' in send.data ? send.data : undefined;
  return (
    <Section title={said.messages}>
      {listing.error && !listing.items && <Failure error={listing.error} retry={listing.refetch} />}
      {listing.pending && <Waiting />}
      {listing.items?.length === 0 && <Empty title={said.quiet} about={said.quietAbout} />}
      {listing.more && (
        <Button variant="subtle" onClick={listing.loadMore} loading={listing.loadingMore}>
          {said.earlier}
        </Button>
      )}
      <Stack gap="md" role="log" aria-label={said.messages}>
        {listing.items?.toReversed().map((message) => (
          <MessageView key={message.id} message={message} />
        ))}
      </Stack>
      {ran?.outcome === 'failed' && (
        <Alert color="red" title={commands.failed} aria-live="polite">
          {ran.detail}
        </Alert>
      )}
      {mayWrite && chat.active && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          <Group align="flex-end" wrap="nowrap">
            <Textarea
              aria-label={said.write}
              placeholder={said.write}
              autosize
              minRows={1}
              maxRows={6}
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
              onKeyDown={(event) => {
                if (event.key === 'Enter' && !event.shiftKey) {
                  event.preventDefault();
                  submit();
                }
              }}
              style={{ flex: 1 }}
            />
            <Button type="submit" loading={send.isPending} disabled={!text.trim()}>
              {said.send}
            </Button>
          </Group>
        </form>
      )}
    </Section>
  );
}

function MessageView({ message }: { message: Message }) {
  const me = useMe().data;
  const [deleting, setDeleting] = useState(false);
  const { author } = message;
  const name = author.name ?? author.id;
  const remove = useChange(
    () =>
      done(
        api.DELETE('/v1/chats/{chat_id}/messages/{message_id}', {
          params: { path: { chat_id: message.chat_id, message_id: message.id } },
        }),
      ),
    { touches: [['messages', message.chat_id]] },
  );
  return (
    <Group wrap="nowrap" align="flex-start" gap="sm">
      <Avatar src={author.avatar_url} name={name} size={34} color="blue" alt="" />
      <div style={{ flex: 1, minWidth: 0 }}>
        <Group gap={8}>
          <Text size="sm" fw={600}>
            {name}
          </Text>
          {(author.type !== 'user' || author.is_bot) && (
            <Badge size="sm" variant="default">
              {author.deleted ? said.deletedBot : author.is_bot ? texts.roles.bot : said.authors[author.type]}
            </Badge>
          )}
          {message.visible_to && (
            <Badge size="sm" variant="light">
              {commands.toYou}
            </Badge>
          )}
          {author.handle && (
            <Text size="xs" c="dimmed">
              @{author.handle}
            </Text>
          )}
          <Text size="xs" c="dimmed">
            <Time at={message.created_at} />
          </Text>
          {message.edited_at && (
            <Text size="xs" c="dimmed">
              {said.edited}
            </Text>
          )}
        </Group>
        {message.text && <MessageText>{message.text}</MessageText>}
        {(message.attachments ?? []).map((attachment, index) => (
          <AttachmentView key={index} attachment={attachment} />
        ))}
        <Buttons message={message} />
      </div>
      {author.id === me?.user.id && (
        <ActionIcon variant="subtle" color="gray" onClick={() => setDeleting(true)} aria-label={said.deleteMessage}>
          <Cross2Icon />
        </ActionIcon>
      )}
      <Confirm
        opened={deleting}
        close={() => setDeleting(false)}
        title={said.deleteMessage}
        action={texts.actions.delete}
        confirm={() => remove.mutateAsync(undefined)}
      >
        {message.text && <Markdown>{message.text}</Markdown>}
      </Confirm>
    </Group>
  );
}

/** The buttons of an application's message. A click goes to the application as an event. */
function Buttons({ message }: { message: Message }) {
  const click = useChange(
    ({ row, column }: { row: number; column: number }) =>
      body(
        api.POST('/v1/messages/{button_message_id}/callbacks', {
          params: { path: { button_message_id: message.id } },
          body: { row, column },
        }),
      ),
    { touches: [] },
  );
  const rows = (message.buttons ?? []) as Schemas['ButtonOut'][][];
  return (
    <Stack gap={4} mt={rows.length > 0 ? 6 : 0}>
      {rows.map((buttons, row) => (
        <Group key={row} gap={6}>
          {buttons.map((button, column) => (
            <Button key={column} size="compact-sm" variant="default" onClick={() => click.mutate({ row, column }, { onSuccess: () => notifyDone(said.clicked(button.label)) })}>
              {button.label}
            </Button>
          ))}
        </Group>
      ))}
    </Stack>
  );
}

function Members({ chat }: { chat: Chat }) {
  const mayWrite = useMay('chats:write');
  const users = useUsers().data ?? [];
  const [chosen, setChosen] = useState<string | null>(null);
  const listing = useListing<Schemas['MemberOut']>(['members', chat.id], (cursor) =>
    body(api.GET('/v1/chats/{chat_id}/members', { params: { path: { chat_id: chat.id }, query: { cursor, limit: 100 } } })),
  );
  const path = (user_id: string) => ({ params: { path: { chat_id: chat.id, user_id } } });
  const add = useChange((user: string) => body(api.PUT('/v1/chats/{chat_id}/members/{user_id}', path(user))), {
    touches: [['members']],
  });
  const remove = useChange((user: string) => done(api.DELETE('/v1/chats/{chat_id}/members/{user_id}', path(user))), {
    touches: [['members']],
  });
  const inside = listing.items ?? [];
  const outside = users.filter((user) => user.active && !inside.some((member) => member.user_id === user.id));
  return (
    <Stack>
      {listing.error && <Failure error={listing.error} />}
      {inside.map((member) => {
        const name = member.name ?? member.user_id;
        return (
          <Group key={member.user_id} justify="space-between">
            <Group gap="xs">
              <Avatar src={member.avatar_url} name={name} size={26} color="blue" alt="" />
              <Text size="sm">{name}</Text>
              {member.handle && (
                <Text size="xs" c="dimmed">
                  @{member.handle}
                </Text>
              )}
              {member.is_bot && (
                <Badge size="sm" variant="default">
                  {texts.roles.bot}
                </Badge>
              )}
            </Group>
            {mayWrite && (
              <Button size="compact-sm" variant="subtle" color="red" onClick={() => remove.mutate(member.user_id)} aria-label={`${said.remove} ${name}`}>
                {said.remove}
              </Button>
            )}
          </Group>
        );
      })}
      {listing.more && (
        <Button variant="subtle" onClick={listing.loadMore}>
          {texts.actions.more}
        </Button>
      )}
      {mayWrite && outside.length > 0 && (
        <Group align="flex-end" wrap="nowrap">
          <Select
            label={said.addMember}
            data={outside.map((user) => ({ value: user.id, label: user.name }))}
            value={chosen}
            onChange={setChosen}
            searchable
            style={{ flex: 1 }}
          />
          <Button
            variant="default"
            disabled={chosen === null}
            onClick={() => chosen && add.mutate(chosen, { onSuccess: () => setChosen(null) })}
          >
            {said.add}
          </Button>
        </Group>
      )}
    </Stack>
  );
}
