import { ActionIcon, Anchor, Button, Code, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';

import { api, body, type Schemas } from '../api/client';
import { useChange, useListing } from '../api/queries';
import { Copy } from '../parts/copy';
import { Confirm, type Secret, SecretOnce } from '../parts/dialogs';
import { Person } from '../parts/facts';
import { ChoiceFilter, choices, FilterBar, SearchFilter, useFilters } from '../parts/filters';
import { useSelection } from '../parts/list';
import { ListPage } from '../parts/list_page';
import { notifyDone } from '../parts/notify';
import { Tip } from '../parts/tip';
import { State, Time } from '../parts/values';
import { useMay } from '../roles';
import { texts } from '../texts';
import { CreateToken } from './token_form';
import { EyeNoneIcon, EyeOpenIcon, PencilIcon } from '../parts/icons';

const said = texts.tokens;
type Token = Schemas['TokenOut'];
const FILTERS = ['name', 'status', 'environment'];
const STATUSES = { active: texts.states.active, disabled: texts.states.disabled, expired: texts.states.expired, revoked: texts.states.revoked };

export default function Tokens() {
  const filters = useFilters();
  const mayWrite = useMay('tokens:write');
  const [name, status, environment] = FILTERS.map(filters.get) as [string, string, string];
  const query = {
    ...(name ? { name } : {}),
    ...(status ? { status: status as Schemas['Status'] } : {}),
    ...(environment ? { environment: environment as Schemas['Environment'] } : {}),
  };
  const listing = useListing<Token>(['tokens', 'list', query], (cursor) =>
    body(api.GET('/v1/tokens', { params: { query: { ...query, cursor } } })),
  );
  const [creating, setCreating] = useState(false);
  const [secret, setSecret] = useState<Secret | null>(null);
  const [revoking, setRevoking] = useState<Token[]>([]);
  const revoke = useChange(
    (ids: string[]) => body(api.POST('/v1/tokens/revoke', { body: { ids } })),
    { touches: [['tokens']] },
  );
  const selection = useSelection({
    title: texts.actions.revoke,
    items: listing.items,
    label: (token) => token.name,
    tickable: (token) => token.status !== 'revoked',
  });
  const { chosen } = selection;
  const filtered = Boolean(name || status || environment);

  async function revokeThem() {
    const { results } = await revoke.mutateAsync(revoking.map((token) => token.id));
    const revoked = results.filter((one) => one.status === 'revoked').length;
    notifyDone(revoked === 1 && results.length === 1 ? said.revoked : said.revokedMany(revoked, results.length));
    const ended = results.filter((one) => one.status.endsWith('revoked')).map((one) => one.id);
    selection.choose(chosen.map((token) => token.id).filter((one) => !ended.includes(one)));
  }

  return (
    <ListPage
      said={said}
      create={mayWrite ? () => setCreating(true) : null}
      tools={
        <Group justify="space-between">
          <FilterBar filters={filters} names={FILTERS}>
            <SearchFilter filters={filters} name="name" label={said.searchByName} />
            <ChoiceFilter filters={filters} name="status" label={said.status} any={said.anyStatus} choices={choices(STATUSES as Record<string, string>)} />
            <ChoiceFilter
              filters={filters}
              name="environment"
              label={said.environment}
              any={said.anyEnvironment}
              choices={choices(texts.environments)}
            />
          </FilterBar>
          {chosen.length > 0 && (
            <Button color="red" variant="light" onClick={() => setRevoking(chosen)}>
              {said.revokeMany(chosen.length)}
            </Button>
          )}
        </Group>
      }
      filtered={filtered}
      listing={listing}
      id={(token) => token.id}
      columns={[
        ...(mayWrite ? [selection.column] : []),
        {
          title: said.name,
          wide: true,
          cell: (token) => (
            <>
              <Anchor component={Link} to={`/settings/integrations/api/${token.id}`} fw={500} size="sm">
                {token.name}
              </Anchor>
              <Text size="xs" c="dimmed">
                {token.description && `${token.description} · `}
                {said.createdBy} <Person id={token.user_id} />
              </Text>
            </>
          ),
        },
        { title: said.environment, cell: (token) => texts.environments[token.environment] },
        { title: said.prefix, cell: (token) => <Prefix token={token} /> },
        { title: said.status, cell: (token) => <State of={token.status} /> },
        { title: said.lastUsed, cell: (token) => <Time at={token.last_used_at} /> },
        { title: said.expires, cell: (token) => <Time at={token.expires_at} /> },
        ...(mayWrite ? [{ title: said.actions, hideTitle: true, cell: (token: Token) => <Actions token={token} revoke={() => setRevoking([token])} /> }] : []),
      ]}
    >
      <CreateToken opened={creating} close={() => setCreating(false)} created={setSecret} />
      <SecretOnce secret={secret} close={() => setSecret(null)} />
      <Confirm
        opened={revoking.length > 0}
        close={() => setRevoking([])}
        title={said.revokeMany(revoking.length)}
        action={said.revokeMany(revoking.length)}
        {...(revoking.length === 1 && revoking[0] ? { name: revoking[0].name } : { name: String(revoking.length) })}
        confirm={revokeThem}
      >
        <Stack gap={4}>
          {said.revokeAbout}
          {revoking.map((token) => (
            <Text key={token.id} size="sm">
              <b>{token.name}</b> · {said.lastUsedAt} <Time at={token.last_used_at} /> · {said.createdBy} <Person id={token.user_id} />
            </Text>
          ))}
        </Stack>
      </Confirm>
    </ListPage>
  );
}

/** What a row does with its token. One that is revoked stays as it is. */
function Actions({ token, revoke }: { token: Token; revoke: () => void }) {
  if (token.status === 'revoked') return null;
  const edit = texts.actions.editOf(token.name);
  return (
    <Group gap={4} wrap="nowrap">
      <Tip label={edit}>
        <ActionIcon component={Link} to={`/settings/integrations/api/${token.id}`} variant="subtle" color="gray" aria-label={edit}>
          <PencilIcon />
        </ActionIcon>
      </Tip>
      <Button size="compact-sm" variant="subtle" color="red" onClick={revoke} aria-label={`${texts.actions.revoke} ${token.name}`}>
        {texts.actions.revoke}
      </Button>
    </Group>
  );
}

export function Prefix({ token }: { token: { prefix: string } }) {
  const [shown, setShown] = useState(false);
  const label = shown ? said.hide : said.show;
  return (
    <Group gap={2} wrap="nowrap">
      <Code>{shown ? `${token.prefix}…` : '••••••••'}</Code>
      <Tip label={label}>
        <ActionIcon variant="subtle" color="gray" onClick={() => setShown(!shown)} aria-label={label}>
          {shown ? <EyeNoneIcon /> : <EyeOpenIcon />}
        </ActionIcon>
      </Tip>
      <Copy value={token.prefix} label={said.copyPrefix} />
    </Group>
  );
}
