import { Checkbox, Group, Select, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';

import { api, body, type Schemas } from '../api/client';
import { covers } from '../api/covers';
import { useChange, useMe } from '../api/queries';
import type { Secret } from '../parts/dialogs';
import { Dialog } from '../parts/dialogs';
import { choices } from '../parts/filters';
import { SaveForm } from '../parts/form';
import { texts } from '../texts';

const said = texts.tokens;
const API: Schemas['ScopeSet'] = 'api';
const DAY = 86_400_000;

/** The scopes that the person may give away, in groups, with what each allows; and the set that the API names by one word. */
export function ScopeChoice({ value, onChange, error }: {
  value?: string[];
  onChange?: (value: string[]) => void;
  error?: React.ReactNode;
}) {
  const me = useMe().data;
  const groups = Object.entries(texts.scopeGroups)
    .map(([title, scopes]) => ({ title, scopes: scopes.filter((scope) => covers(me, scope)) }))
    .filter(({ scopes }) => scopes.length > 0);
  return (
    <Checkbox.Group label={said.scopes} description={said.scopesAbout} {...(value && onChange ? { value, onChange } : {})} error={error}>
      <Stack gap="md" mt="xs" mb={error ? 'xs' : 0}>
        <Checkbox value={API} label={API} description={said.api} />
        {groups.map(({ title, scopes }) => (
          <div key={title} role="group" aria-label={title}>
            <Text size="xs" c="dimmed" fw={600} mb={6} aria-hidden="true">
              {title}
            </Text>
            <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xs">
              {scopes.map((scope) => (
                <Checkbox key={scope} value={scope} label={scope} description={texts.scopes[scope]} />
              ))}
            </SimpleGrid>
          </div>
        ))}
      </Stack>
    </Checkbox.Group>
  );
}

function inDays(days: number): string {
  return new Date(Date.now() + days * DAY).toISOString().replace(/\.\d+/, '');
}

type Props = { opened: boolean; close: () => void; created: (secret: Secret) => void };

export function CreateToken({ opened, close, created }: Props) {
  return (
    <Dialog opened={opened} close={close} title={said.createFor} size="xl">
      <Form close={close} created={created} />
    </Dialog>
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
    (values: typeof form.values) =>
      body(
        api.POST('/v1/tokens', {
          body: {
            name: values.name,
            environment: values.environment,
            description: values.description || null,
            scopes: values.scopes as Schemas['Scope'][],
            expires_at: values.expiry === 'never' ? null : inDays(Number(values.expiry)),
          },
        }),
      ),
    { touches: [['tokens']], quiet: true },
  );
  return (
    <SaveForm
      form={form}
      save={create}
      action={said.create}
      ready={form.values.scopes.length > 0}
      close={close}
      saved={({ token: value = '' }) =>
        created({
          title: said.secretTitle,
          value: value ?? '',
          about: said.secretAbout,
          extra: [{ label: said.tryIt, value: `curl -H 'Authorization: Bearer ${value}' ${window.location.origin}/v1/me` }],
        })
      }
    >
      <TextInput label={said.name} description={said.nameAbout} required data-autofocus maxLength={100} {...form.getInputProps('name')} />
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
    </SaveForm>
  );
}
