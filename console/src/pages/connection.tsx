import { ActionIcon, Anchor, Button, Group, List, Menu, Modal, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useNavigate } from 'react-router';

import { api, ApiError, body, done, type Schemas } from '../api/client';
import { useChange, useChats } from '../api/queries';
import { WORKSPACE } from '../api/webhooks';
import { CopyText } from '../parts/copy';
import { Confirm, Dialog, type Secret } from '../parts/dialogs';
import { FormEnd } from '../parts/form';
import { DotsIcon } from '../parts/icons';
import { Failure } from '../parts/layout';
import { notifyDone } from '../parts/notify';
import { filled, type FormSchema, initialValues, SchemaFields } from '../parts/schema_form';
import { sentence, State, Time } from '../parts/values';
import { texts } from '../texts';

const said = texts.hub;
export type Connector = Schemas['ConnectorOut'];
export type Connection = Schemas['ConnectionOut'];
const TOUCHES = [['connections'], [...WORKSPACE.key], ['incoming']];

/** What is connected by one connector, and the button that connects (another) one. */
export function Connections({ connector, connections, connect }: {
  connector: Connector;
  connections: Connection[];
  connect: (() => void) | null;
}) {
  return (
    <>
      {connections.map((connection) => (
        <Connected key={connection.id} connector={connector} connection={connection} mayWrite={connect !== null} />
      ))}
      {connect && (
        <Group>
          <Button
            size="xs"
            variant={connections.length === 0 ? 'filled' : 'default'}
            onClick={connect}
            aria-label={connections.length === 0 ? said.connectTo(connector.name) : said.connectAnotherOf(connector.name)}
          >
            {connections.length === 0 ? said.connect : said.connectAnother}
          </Button>
        </Group>
      )}
    </>
  );
}

function Connected({ connector, connection, mayWrite }: { connector: Connector; connection: Connection; mayWrite: boolean }) {
  const navigate = useNavigate();
  const [asking, setAsking] = useState<'configure' | 'reset' | 'disconnect' | null>(null);
  const close = () => setAsking(null);
  const path = { params: { path: { connection_id: connection.id } } };
  const edit = useChange((enabled: boolean) => body(api.PATCH('/v1/connections/{connection_id}', { ...path, body: { enabled } })), {
    touches: TOUCHES,
    done: (changed) => (changed.state === 'enabled' ? said.enabledNow : said.disabledNow),
  });
  const test = useChange(() => body(api.POST('/v1/connections/{connection_id}/test', path)), { touches: TOUCHES, done: said.tested });
  const reset = useChange(() => body(api.POST('/v1/connections/{connection_id}/reset', { ...path, body: { confirm: true } })), {
    touches: TOUCHES,
    done: said.reset,
  });
  const disconnect = useChange(() => done(api.DELETE('/v1/connections/{connection_id}', path)), {
    touches: TOUCHES,
    done: said.disconnected,
  });
  const approve = useChange(() => body(api.POST('/v1/connections/{connection_id}/authorize', path)), { touches: TOUCHES });
  const approveThere = () =>
    approve.mutate(undefined, { onSuccess: ({ authorize_url }) => window.location.assign(authorize_url) });
  const check = useChange(
    async () => {
      const found = await body(api.POST('/v1/connections/{connection_id}/check', path));
      // The product's refusal is told as one of ours is.
      if (!found.ok) throw new ApiError(200, 'check', found.detail ?? said.notChecked, null);
      return found;
    },
    { touches: TOUCHES, done: ({ accounts }) => said.checked(namesOf(accounts)) },
  );
  const byOauth = connector.callback_url !== null;
  const unapproved = connection.state === 'waiting' || connection.state === 'needs_reconnecting';
  const whole = connection.state !== 'broken';
  const log = connection.webhook_id;
  return (
    <Group justify="space-between" wrap="nowrap" align="flex-start" className="connection">
      <div style={{ minWidth: 0 }}>
        <Group gap={8}>
          <Text size="sm" fw={500} style={{ overflowWrap: 'anywhere' }}>
            {connection.name}
          </Text>
          <State of={connection.state} />
        </Group>
        <Text size="xs" c="dimmed" component="div">
          {connection.reason ? sentence(connection.reason) : (byOauth ? <Accounts connection={connection} /> : <Where connection={connection} />)}
        </Text>
        {connection.state !== 'waiting' && (
          <Text size="xs" c="dimmed" component="div">
            {said.since} <Time at={connection.connected_at} />
          </Text>
        )}
      </div>
      {mayWrite && (
        <Group gap={4} wrap="nowrap">
          {byOauth && unapproved && (
            <Button
              size="compact-xs"
              loading={approve.isPending}
              onClick={approveThere}
              aria-label={said.approve(connection.name)}
            >
              {said.approveShort}
            </Button>
          )}
          {whole && !unapproved && (
            <Switch
              aria-label={said.enabled(connection.name)}
              checked={connection.state === 'enabled'}
              disabled={edit.isPending}
              onChange={(event) => edit.mutate(event.currentTarget.checked)}
            />
          )}
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" aria-label={said.more(connection.name)}>
                <DotsIcon />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              {whole && <Menu.Item onClick={() => setAsking('configure')}>{said.actions.configure}</Menu.Item>}
              {whole && log && (
                <>
                  <Menu.Item disabled={connection.state !== 'enabled'} onClick={() => test.mutate(undefined)}>
                    {said.actions.test}
                  </Menu.Item>
                  <Menu.Item onClick={() => void navigate(WORKSPACE.detailPage(log))}>{said.actions.log}</Menu.Item>
                </>
              )}
              {byOauth && !unapproved && (
                <>
                  <Menu.Item disabled={connection.state !== 'enabled'} onClick={() => check.mutate(undefined)}>
                    {said.actions.check}
                  </Menu.Item>
                  <Menu.Item onClick={approveThere}>{said.actions.approve}</Menu.Item>
                </>
              )}
              {whole && <Menu.Item onClick={() => setAsking('reset')}>{said.actions.reset}</Menu.Item>}
              <Menu.Item color="red" onClick={() => setAsking('disconnect')}>
                {said.actions.disconnect}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </Group>
      )}
      <Dialog opened={asking === 'configure'} close={close} title={said.configure(connection.name)} size="lg">
        <Form connector={connector} connection={connection} close={close} />
      </Dialog>
      <Confirm
        opened={asking === 'reset'}
        close={close}
        title={said.resetTitle}
        action={said.actions.reset}
        confirm={() => reset.mutateAsync(undefined)}
      >
        {said.resetAbout}
      </Confirm>
      <Confirm
        opened={asking === 'disconnect'}
        close={close}
        title={said.disconnectTitle}
        name={connection.name}
        action={said.actions.disconnect}
        confirm={() => disconnect.mutateAsync(undefined)}
      >
        {said.disconnectAbout}
      </Confirm>
    </Group>
  );
}

/** The accounts that the last check found. */
function Accounts({ connection }: { connection: Connection }) {
  const { accounts } = connection.metadata as { accounts?: Record<string, string>[] };
  return <>{namesOf(accounts ?? [])}</>;
}

function namesOf(accounts: Record<string, string>[]): string {
  return accounts.map(({ name, id }) => name ?? id).join(', ');
}

/** The chats of a connection, by name. */
function Where({ connection }: { connection: Connection }) {
  const chats = useChats().data;
  const { chat_id, chat_ids } = connection.configuration as { chat_id?: string; chat_ids?: string[] | null };
  const ids = chat_id ? [chat_id] : chat_ids;
  if (!ids) return <>{said.everyChat}</>;
  return <>{ids.map((id) => chats?.find((chat) => chat.id === id)?.name ?? id).join(', ')}</>;
}

/** The steps in the other product, and the form that its connector asks for. */
export function Connect({ connector, close, created }: {
  connector: Connector | null;
  close: () => void;
  created: (secret: Secret) => void;
}) {
  return (
    <Modal opened={connector !== null} onClose={close} title={connector && said.connectTo(connector.name)} size="lg">
      {connector && (
        <Stack>
          <div>
            <Text size="sm" fw={500} mb={4}>
              {said.before}
            </Text>
            <List type="ordered" size="sm" spacing={4}>
              {connector.steps.map((step) => (
                <List.Item key={step}>{step}</List.Item>
              ))}
            </List>
            <Anchor href={connector.documentation_url} target="_blank" rel="noreferrer" size="sm">
              {said.documentation(connector.name)}
            </Anchor>
          </div>
          {connector.callback_url && (
            <div>
              <Text size="sm" fw={500}>
                {said.callbackUrl}
              </Text>
              <Text size="xs" c="dimmed" mb={4}>
                {said.callbackAbout}
              </Text>
              <CopyText value={connector.callback_url} />
            </div>
          )}
          <Form connector={connector} close={close} created={created} />
        </Stack>
      )}
    </Modal>
  );
}

function secretOf(connector: Connector, made: Schemas['ConnectionCreated']): Secret | null {
  if (made.url) return { title: said.urlTitle, value: made.url, about: said.urlAbout };
  // A chat product verifies nothing; a workflow can.
  if (made.secret && connector.category === 'automation') {
    return { title: said.secretTitle, value: made.secret, about: said.secretAbout };
  }
  return null;
}

function Form({ connector, connection, close, created }: {
  connector: Connector;
  connection?: Connection;
  close: () => void;
  created?: (secret: Secret) => void;
}) {
  const schema = connector.configuration_schema as FormSchema;
  const [name, setName] = useState(connection?.name ?? '');
  const [values, setValues] = useState(() => initialValues(schema, connection?.configuration));
  const save = useChange<undefined, Schemas['ConnectionCreated'] | Connection>(
    () => {
      const input = { configuration: filled(schema, values), ...(name ? { name } : {}) };
      return connection
        ? body(api.PATCH('/v1/connections/{connection_id}', { params: { path: { connection_id: connection.id } }, body: input }))
        : body(api.POST('/v1/connections', { body: { ...input, connector: connector.key } }));
    },
    { touches: TOUCHES, quiet: true },
  );
  const errors = errorsOf(save.error, schema);
  async function submit() {
    try {
      const one = await save.mutateAsync(undefined);
      if ('authorize_url' in one && one.authorize_url) {
        // In this tab: the product comes back to it, and the callback needs its session.
        window.location.assign(one.authorize_url);
        return;
      }
      close();
      notifyDone(connection ? said.saved : said.connected(one.name));
      const secret = connection ? null : secretOf(connector, one);
      if (secret) created?.(secret);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // a refusal is shown in the form
    }
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Stack>
        {save.error && Object.keys(errors).length === 0 && <Failure error={save.error} />}
        <SchemaFields
          schema={schema}
          values={values}
          errors={errors}
          change={(field, value) => setValues((before) => ({ ...before, [field]: value }))}
        />
        <TextInput
          label={said.name}
          description={said.nameAbout}
          placeholder={connector.name}
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <FormEnd close={close} action={connection ? texts.actions.save : said.connect} busy={save.isPending} />
      </Stack>
    </form>
  );
}

/** The refusals by field of the configuration. */
function errorsOf(error: ApiError | null, schema: FormSchema): Record<string, string> {
  const found = Object.entries(error?.places ?? {}).map(([pointer, detail]) => [pointer.split('/')[2] ?? '', detail]);
  return Object.fromEntries(found.filter(([field]) => field && field in (schema.properties ?? {}))) as Record<string, string>;
}
