import { Button, Group, Select, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useParams } from 'react-router';

import { api, ApiError, body, done, type Schemas } from '../api/client';
import { chatsOf, useChange, useChats, useListing, useRemoval } from '../api/queries';
import { callbacks } from '../api/webhooks';
import { AvatarUpload } from '../parts/avatar_upload';
import { CopyText } from '../parts/copy';
import { Confirm, ConfirmButton, Dialog, type Secret, SecretOnce } from '../parts/dialogs';
import { Fact } from '../parts/facts';
import { Empty, Loaded, Page, Section } from '../parts/layout';
import { List } from '../parts/list';
import { notifyDone } from '../parts/notify';
import { Disabled, type Owned, Ownership } from '../parts/owner';
import { State, Time } from '../parts/values';
import { useMay } from '../roles';
import { texts } from '../texts';
import { owners } from '../texts/owners';
import { BotForm, botSecret } from './bots';
import { Prefix } from './tokens';
import { WebhookListing } from './webhook_list';

const said = texts.bots;
type Bot = Schemas['BotOut'];
const BACK = { to: '/settings/integrations/bots', label: said.title };

function owned(bot: Bot): Owned {
  return { collection: 'bots', id: bot.id, name: bot.name, touches: [['bots'], ['users']] };
}

export default function BotPage() {
  const { id = '' } = useParams();
  const mayWrite = useMay('bots:write');
  const [editing, setEditing] = useState(false);
  const path = { params: { path: { bot_id: id } } };
  const query = useQuery<Bot, ApiError>({
    queryKey: ['bots', id],
    queryFn: () => body(api.GET('/v1/bots/{bot_id}', path)),
  });
  const setActive = useChange((active: boolean) => body(api.PATCH('/v1/bots/{bot_id}', { ...path, body: { active } })), {
    touches: [['bots']],
    done: said.saved,
  });
  const remove = useRemoval(() => done(api.DELETE('/v1/bots/{bot_id}', path)), {
    touches: [['bots', 'list'], ['users']],
    done: said.deleted,
    back: BACK.to,
  });
  const kind = callbacks(id);
  return (
    <Page
      title={query.data?.name ?? said.title}
      back={BACK}
      actions={
        query.data &&
        mayWrite && (
          <>
            <Button onClick={() => setEditing(true)}>{texts.actions.edit}</Button>
            <Button variant="default" loading={setActive.isPending} onClick={() => setActive.mutate(!query.data.active)}>
              {query.data.active ? said.deactivate : said.activate}
            </Button>
            <ConfirmButton
              red
              label={texts.actions.delete}
              title={said.deleteTitle}
              name={query.data.name}
              confirm={remove}
            >
              {said.deleteAbout}
            </ConfirmButton>
          </>
        )
      }
    >
      <Loaded query={query}>
        {(bot) => (
          <Stack gap="lg">
            {!bot.active && (
              <Disabled title={owners.bot.inactiveTitle} reason={bot.disabled_reason} owned={owned(bot)}>
                {owners.bot.inactiveAbout}
              </Disabled>
            )}
            <Section title={said.profile}>
              <AvatarUpload
                name={bot.name}
                url={bot.avatar_url}
                mayWrite={mayWrite}
                upload={(picture) =>
                  body(
                    api.PUT('/v1/bots/{bot_id}/avatar', {
                      ...path,
                      body: '',
                      bodySerializer: () => picture,
                      headers: { 'Content-Type': 'application/octet-stream' },
                    }),
                  )
                }
                remove={() => body(api.PATCH('/v1/bots/{bot_id}', { ...path, body: { avatar_url: null } }))}
                touches={[['bots'], ['users'], ['members'], ['messages']]}
              >
                <Group gap={8}>
                  <Text ff="monospace">@{bot.handle}</Text>
                  <State of={bot.active ? 'active' : 'inactive'} />
                </Group>
                {bot.about && <Text size="sm">{bot.about}</Text>}
                <Fact label={said.id}>
                  <CopyText value={bot.id} />
                </Fact>
              </AvatarUpload>
            </Section>
            <Chats bot={bot} mayWrite={mayWrite} />
            <Tokens bot={bot} mayWrite={mayWrite} />
            <WebhookListing kind={kind} mayWrite={mayWrite}>
              {(listing, create) => (
                <Section title={said.callbacks} about={said.callbacksAbout} actions={create}>
                  {listing}
                </Section>
              )}
            </WebhookListing>
            <Ownership owned={owned(bot)} owner={bot.owner_id} />
            <Dialog opened={editing} close={() => setEditing(false)} title={texts.actions.editOf(bot.name)}>
              <BotForm bot={bot} close={() => setEditing(false)} />
            </Dialog>
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}

/** The chats that the bot is in, as far as the person sees them; adding it, removing it, and a test mention. */
function Chats({ bot, mayWrite }: { bot: Bot; mayWrite: boolean }) {
  const chats = useChats().data ?? [];
  const [chosen, setChosen] = useState<string | null>(null);
  const memberships = useQuery<Schemas['ChatOut'][], ApiError>({
    queryKey: ['members', 'of', bot.id],
    queryFn: () => chatsOf(bot.id),
  });
  const inside = memberships.data ?? [];
  const outside = chats.filter((chat) => !inside.some((one) => one.id === chat.id));
  const path = (chat_id: string) => ({ params: { path: { chat_id, user_id: bot.id } } });
  const add = useChange((chat: string) => body(api.PUT('/v1/chats/{chat_id}/members/{user_id}', path(chat))), {
    touches: [['members']],
    done: said.added,
  });
  const remove = useChange((chat: string) => done(api.DELETE('/v1/chats/{chat_id}/members/{user_id}', path(chat))), {
    touches: [['members']],
    done: said.removed,
  });
  const mention = useChange(
    (chat: string) =>
      body(
        api.POST('/v1/chats/{chat_id}/messages', {
          params: { path: { chat_id: chat } },
          body: { text: said.mentionText(bot.handle ?? '') },
        }),
      ),
    { touches: [['messages']], done: said.mentioned },
  );
  return (
    <Section title={said.chats} about={said.chatsAbout}>
      {memberships.data?.length === 0 && <Text size="sm">{said.noChats}</Text>}
      {inside.map((chat) => (
        <Group key={chat.id} justify="space-between">
          <Text size="sm" fw={500}>
            {chat.name}
          </Text>
          <Group gap={4}>
            <Button size="compact-sm" variant="default" loading={mention.isPending} onClick={() => mention.mutate(chat.id)} aria-label={`${said.mention}: ${chat.name}`}>
              {said.mention}
            </Button>
            <Button size="compact-sm" variant="subtle" color="red" onClick={() => remove.mutate(chat.id)} aria-label={`${said.removeFrom} ${chat.name}`}>
              {said.remove}
            </Button>
          </Group>
        </Group>
      ))}
      {mayWrite && outside.length > 0 && (
        <Group align="flex-end">
          <Select
            label={said.addTo}
            data={outside.map((chat) => ({ value: chat.id, label: chat.name }))}
            value={chosen}
            onChange={setChosen}
            searchable
          />
          <Button
            variant="default"
            disabled={chosen === null}
            loading={add.isPending}
            onClick={() => chosen && add.mutate(chosen, { onSuccess: () => setChosen(null) })}
          >
            {said.add}
          </Button>
        </Group>
      )}
    </Section>
  );
}

function Tokens({ bot, mayWrite }: { bot: Bot; mayWrite: boolean }) {
  const [secret, setSecret] = useState<Secret | null>(null);
  const [revoking, setRevoking] = useState<Schemas['TokenOut'] | null>(null);
  const path = { params: { path: { bot_id: bot.id } } };
  const listing = useListing<Schemas['TokenOut']>(['bots', bot.id, 'tokens'], (cursor) =>
    body(api.GET('/v1/bots/{bot_id}/tokens', { params: { path: { bot_id: bot.id }, query: { cursor } } })),
  );
  const create = useChange(() => body(api.POST('/v1/bots/{bot_id}/tokens', { ...path, body: {} })), {
    touches: [['bots', bot.id, 'tokens']],
  });
  const revoke = useChange(
    (bot_token_id: string) =>
      done(api.DELETE('/v1/bots/{bot_id}/tokens/{bot_token_id}', { params: { path: { bot_id: bot.id, bot_token_id } } })),
    { touches: [['bots', bot.id, 'tokens']] },
  );
  return (
    <Section
      title={said.tokens}
      about={said.tokensAbout}
      actions={
        mayWrite && (
          <Button
            variant="default"
            loading={create.isPending}
            onClick={() =>
              create.mutate(undefined, {
                onSuccess: (token) => setSecret(botSecret(token.token ?? '')),
              })
            }
          >
            {texts.tokens.create}
          </Button>
        )
      }
    >
      <List
        label={said.tokens}
        listing={listing}
        id={(token) => token.id}
        columns={[
          { title: texts.tokens.name, cell: (token) => token.name },
          { title: texts.tokens.prefix, cell: (token) => <Prefix token={token} /> },
          { title: texts.tokens.status, cell: (token) => <State of={token.status} /> },
          { title: texts.tokens.lastUsed, cell: (token) => <Time at={token.last_used_at} /> },
          {
            title: texts.actions.revoke,
            hideTitle: true,
            cell: (token) =>
              mayWrite && token.status !== 'revoked' ? (
                <Button size="compact-sm" variant="subtle" color="red" onClick={() => setRevoking(token)} aria-label={`${texts.actions.revoke} ${token.name}`}>
                  {texts.actions.revoke}
                </Button>
              ) : null,
          },
        ]}
        empty={<Empty title={texts.tokens.emptyTitle} about={said.tokensAbout} />}
      />
      <SecretOnce secret={secret} close={() => setSecret(null)} />
      <Confirm
        opened={revoking !== null}
        close={() => setRevoking(null)}
        title={texts.tokens.revokeTitle}
        name={revoking?.name ?? ''}
        action={texts.actions.revoke}
        confirm={async () => {
          if (revoking) await revoke.mutateAsync(revoking.id);
          notifyDone(texts.tokens.revoked);
        }}
      >
        {texts.tokens.revokeAbout}
      </Confirm>
    </Section>
  );
}
