import { Button, Checkbox, Group, Modal, Select, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';

import { api, body, type Schemas } from '../api/client';
import { useChange, useMe } from '../api/queries';
import type { Secret } from '../parts/dialogs';
import { choices } from '../parts/filters';
import { Failure } from '../parts/layout';
import { showRefusal } from '../parts/refusal';
import { covers } from '../roles';
import { texts } from '../texts';

const said = texts.tokens;
const SCOPES = Object.keys(texts.scopes) as Schemas['Scope'][];
const DAY = 86_400_000;

/** The scopes that the person may give away, with what each allows. */
export function ScopeChoice({ value, onChange, error, only = SCOPES }: {
  value?: string[];
  onChange?: (value: string[]) => void;
  error?: React.ReactNode;
  only?: Schemas['Scope'][];
}) {
  const me = useMe().data;
  return (
    <Checkbox.Group label={said.scopes} description={said.scopesAbout} {...(value && onChange ? { value, onChange } : {})} error={error}>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xs" mt="xs" mb={error ? 'xs' : 0}>
        {only
          .filter((scope) => covers(me, scope))
          .map((scope) => (
            <Checkbox key={scope} value={scope} label={scope} description={texts.scopes[scope]} />
          ))}
      </SimpleGrid>
    </Checkbox.Group>
  );
}

function inDays(days: number): string {
  return new Date(Date.now() + days * DAY).toISOString().replace(/\.\d+/, '');
}

type Props = { opened: boolean; close: () => void; created: (secret: Secret) => void };

export function CreateToken({ opened, close, created }: Props) {
  return (
    <Modal opened={opened} onClose={close} title={said.createFor} size="xl">
      {opened && <Form close={close} created={created} />}
    </Modal>
  );
}

function Form({ close, created }: Omit<Props, 'opened'>) {
  const me = useMe().data;
  const environments = me?.livemode === false ? { staging: texts.environments.staging, development: texts.environments.development } : texts.environments;
  const form = useForm({
    initialValues: {
      name: '',
      environment: (me?.livemode === false ? 'staging' : 'production') as Schemas['Environment'],
      description: '',
      expiry: 'never',
      scopes: [] as string[],
    },
  });
  const create = useChange(
    (input: Schemas['TokenIn']) => body(api.POST('/v1/tokens', { body: input })),
    { touches: [['tokens']], quiet: true },
  );
  async function submit(values: typeof form.values) {
    try {
      const token = await create.mutateAsync({
        name: values.name,
        environment: values.environment,
        description: values.description || null,
        scopes: values.scopes as Schemas['Scope'][],
        expires_at: values.expiry === 'never' ? null : inDays(Number(values.expiry)),
      });
      close();
      const value = token.token ?? '';
      created({
        title: said.secretTitle,
        value,
        about: said.secretAbout,
        extra: [
          { label: said.tryIt, value: `curl -H 'Authorization: Bearer ${value}' ${window.location.origin}/v1/me` },
        ],
      });
    } catch (error) {
      showRefusal(form, error);
    }
  }
  return (
    <form onSubmit={form.onSubmit((values) => void submit(values))}>
      <Stack>
        {create.error && Object.keys(create.error.fields).length === 0 && <Failure error={create.error} />}
        <TextInput label={said.name} required data-autofocus maxLength={100} {...form.getInputProps('name')} />
        <Group grow align="flex-start">
          <Select
            label={said.environment}
            data={choices(environments)}
            allowDeselect={false}
            {...form.getInputProps('environment')}
          />
          <Select label={said.expiry} data={choices(said.expiries)} allowDeselect={false} {...form.getInputProps('expiry')} />
        </Group>
        <Text size="xs" c="dimmed">
          {said.testEnvironments}
        </Text>
        <Textarea label={said.description} autosize minRows={2} {...form.getInputProps('description')} />
        <ScopeChoice {...form.getInputProps('scopes')} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {texts.actions.cancel}
          </Button>
          <Button type="submit" loading={create.isPending} disabled={form.values.scopes.length === 0}>
            {said.create}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
