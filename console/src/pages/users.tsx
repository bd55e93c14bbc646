import { Avatar, Button, Group, Menu, Select, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';

import { api, body, done, type Schemas } from '../api/client';
import { useChange, useListing, useMe, useUsers } from '../api/queries';
import { Confirm, Dialog, type Secret, SecretOnce } from '../parts/dialogs';
import { choices, FilterBar, SearchFilter, useFilters } from '../parts/filters';
import { SaveForm } from '../parts/form';
import { wholeListing } from '../parts/list';
import { ListPage } from '../parts/list_page';
import { isPast, State, Time } from '../parts/values';
import { useMay } from '../roles';
import { texts } from '../texts';

const said = texts.users;
type User = Schemas['UserOut'];

export default function Users() {
  const mayWrite = useMay('users:write');
  const me = useMe().data;
  const filters = useFilters();
  const sought = filters.get('search').trim().toLowerCase();
  const pages = useListing<User>(['users', 'list'], (cursor) => body(api.GET('/v1/users', { params: { query: { cursor } } })));
  // The API finds people by their whole address or handle; parts of a name are found among all of them, here.
  const everybody = useUsers().data;
  const listing = sought && everybody ? wholeListing(everybody.filter((user) => matches(user, sought))) : pages;
  const [editing, setEditing] = useState<User | 'new' | null>(null);
  const [secret, setSecret] = useState<Secret | null>(null);
  const [resetting, setResetting] = useState<User | null>(null);
  const [deactivating, setDeactivating] = useState<User | null>(null);
  const invite = useChange(
    (user_id: string) => body(api.POST('/v1/users/{user_id}/invitation', { params: { path: { user_id } } })),
    { touches: [['users']] },
  );
  const setActive = useChange(
    ({ user, active }: { user: User; active: boolean }) =>
      body(api.PATCH('/v1/users/{user_id}', { params: { path: { user_id: user.id } }, body: { active } })),
    { touches: [['users']], done: said.saved },
  );
  const resetFactor = useChange(
    (user_id: string) => done(api.DELETE('/v1/users/{user_id}/totp', { params: { path: { user_id } } })),
    { touches: [['users']], done: said.factorRemoved },
  );
  function invited(user: User) {
    invite.mutate(user.id, {
      onSuccess: ({ token }) =>
        setSecret({
          title: said.invitationFor(user.name),
          value: `${window.location.origin}/me/invitation#${token}`,
          about: said.invitationAbout,
          stored: said.invitationCopied,
        }),
    });
  }
  return (
    <ListPage
      said={said}
      create={mayWrite ? () => setEditing('new') : null}
      tools={
        <FilterBar filters={filters} names={['search']}>
          <SearchFilter filters={filters} name="search" label={said.search} />
        </FilterBar>
      }
      filtered={sought !== ''}
      listing={listing}
      id={(user) => user.id}
      columns={[
        {
          title: said.name,
          wide: true,
          cell: (user) => (
            <Group gap="sm" wrap="nowrap">
              <Avatar src={user.avatar_url} name={user.name} size={32} color="blue" alt="" />
              <div>
                <Text size="sm" fw={500}>
                  {user.name} {user.id === me?.user.id && `(${said.you})`}
                </Text>
                <Text size="xs" c="dimmed">
                  {[user.email, user.handle && `@${user.handle}`].filter(Boolean).join(' · ')}
                </Text>
              </div>
            </Group>
          ),
        },
        { title: said.role, cell: (user) => texts.roles[user.role] },
        { title: said.state, cell: (user) => <UserState user={user} /> },
        {
          title: said.change,
          hideTitle: true,
          cell: (user) =>
            mayWrite && user.role !== 'bot' && user.id !== me?.user.id ? (
              <Menu position="bottom-end">
                <Menu.Target>
                  <Button size="compact-sm" variant="default" aria-label={`${said.change}: ${user.name}`}>
                    {said.change}
                  </Button>
                </Menu.Target>
                <Menu.Dropdown>
                  <Menu.Item onClick={() => setEditing(user)}>{texts.actions.edit}</Menu.Item>
                  <Menu.Item onClick={() => invited(user)}>{said.invite}</Menu.Item>
                  <Menu.Item onClick={() => setResetting(user)}>{said.removeFactor}</Menu.Item>
                  <Menu.Item
                    {...(user.active ? { color: 'red' } : {})}
                    onClick={() => (user.active ? setDeactivating(user) : setActive.mutate({ user, active: true }))}
                  >
                    {user.active ? said.deactivate : said.activate}
                  </Menu.Item>
                </Menu.Dropdown>
              </Menu>
            ) : null,
        },
      ]}
    >
      <Dialog opened={editing !== null} close={() => setEditing(null)} title={editing === 'new' || !editing ? said.createFor : texts.actions.editOf(editing.name)}>
        <UserForm
          user={editing === 'new' ? null : editing}
          close={() => setEditing(null)}
          created={invited}
        />
      </Dialog>
      <SecretOnce secret={secret} close={() => setSecret(null)} />
      <Confirm
        opened={resetting !== null}
        close={() => setResetting(null)}
        title={said.removeFactor}
        name={resetting?.name ?? ''}
        action={said.removeFactor}
        confirm={() => resetFactor.mutateAsync(resetting?.id ?? '')}
      >
        {said.removeFactorAbout}
      </Confirm>
      <Confirm
        opened={deactivating !== null}
        close={() => setDeactivating(null)}
        title={said.deactivateTitle(deactivating?.name ?? '')}
        name={deactivating?.name ?? ''}
        action={said.deactivate}
        confirm={() => (deactivating ? setActive.mutateAsync({ user: deactivating, active: false }) : Promise.resolve())}
      >
        {said.deactivateAbout}
      </Confirm>
    </ListPage>
  );
}

function matches(user: User, sought: string): boolean {
  return [user.name, user.email, user.handle].some((text) => text?.toLowerCase().includes(sought));
}

/** Whether a person may act, and whether they can sign in yet; only an admin is told the second. */
function UserState({ user }: { user: User }) {
  const waits = user.active && user.role !== 'bot' && user.sign_in?.has_password === false;
  if (!waits) return <State of={user.active ? 'active' : 'inactive'} />;
  const until = user.sign_in?.invited_until ?? null;
  if (until === null || isPast(until)) return <State of="inactive" label={said.notInvited} />;
  return (
    <>
      <State of="invited" label={said.invited} />
      <Text size="xs" c="dimmed">
        {said.invitedUntil} <Time at={until} />
      </Text>
    </>
  );
}

function UserForm({ user, close, created }: { user: User | null; close: () => void; created: (user: User) => void }) {
  const roles: Record<string, string> = { ...texts.roles };
  delete roles.bot;
  const form = useForm({
    initialValues: {
      name: user?.name ?? '',
      email: user?.email ?? '',
      role: (user?.role ?? 'staff') as Schemas['PersonRole'],
      handle: user?.handle ?? '',
    },
  });
  const save = useChange(
    (values: typeof form.values) => {
      const input = { name: values.name, email: values.email, role: values.role, handle: values.handle || null };
      return user
        ? body(api.PATCH('/v1/users/{user_id}', { params: { path: { user_id: user.id } }, body: input }))
        : body(api.POST('/v1/users', { body: input }));
    },
    { touches: [['users']], quiet: true, done: user ? said.saved : said.created },
  );
  return (
    <SaveForm form={form} save={save} action={user ? texts.actions.save : said.create} close={close} saved={(one) => !user && created(one)}>
      {!user && <Text size="sm">{said.createAbout}</Text>}
      <TextInput label={said.name} required data-autofocus {...form.getInputProps('name')} />
      <TextInput label={said.email} type="email" required {...form.getInputProps('email')} />
      <Select label={said.role} description={said.rolesAbout[form.values.role]} data={choices(roles)} allowDeselect={false} {...form.getInputProps('role')} />
      <TextInput label={said.handle} description={said.handleAbout} leftSection="@" {...form.getInputProps('handle')} />
    </SaveForm>
  );
}
