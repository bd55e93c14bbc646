import { Alert, Button, Group, Select, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';

import { api, type ApiError, body, done, type Schemas } from '../api/client';
import { useChange, useRemoval } from '../api/queries';
import { ConfirmButton } from '../parts/dialogs';
import { showFieldErrors } from '../parts/field_errors';
import { choices } from '../parts/filters';
import { Refused } from '../parts/form';
import { Loaded, Page, Section } from '../parts/layout';
import { Fact, Person } from '../parts/facts';
import { State, Time } from '../parts/values';
import { useMay } from '../roles';
import { texts } from '../texts';
import { leaked } from '../texts/leaked';
import { Leaked } from './leaked';
import { ScopeChoice } from './token_form';
import { Prefix } from './tokens';

const said = texts.tokens;
type Token = Schemas['TokenOut'];
const BACK = { to: '/settings/integrations/api', label: said.title };

export default function TokenPage() {
  const { id = '' } = useParams();
  const query = useQuery<Token, ApiError>({
    queryKey: ['tokens', id],
    queryFn: () => body(api.GET('/v1/tokens/{token_id}', { params: { path: { token_id: id } } })),
  });
  return (
    <Page title={query.data?.name ?? said.details} back={BACK} actions={query.data && <State of={query.data.status} />}>
      <Loaded query={query}>{(token) => <Detail key={token.id} token={token} />}</Loaded>
    </Page>
  );
}

function Detail({ token }: { token: Token }) {
  const mayWrite = useMay('tokens:write') && token.status !== 'revoked';
  const mayEndAll = useMay('admin:*');
  const path = { params: { path: { token_id: token.id } } };
  const form = useForm({
    initialValues: {
      name: token.name,
      description: token.description ?? '',
      environment: token.environment,
      scopes: token.scopes as string[],
    },
  });
  const save = useChange(
    (input: Schemas['TokenPatch']) => body(api.PATCH('/v1/tokens/{token_id}', { ...path, body: input })),
    { touches: [['tokens']], done: said.saved, quiet: true },
  );
  const revoke = useRemoval(() => done(api.DELETE('/v1/tokens/{token_id}', path)), {
    touches: [['tokens', 'list']],
    done: said.revoked,
    back: BACK.to,
  });
  const environments: Record<string, string> =
    token.environment === 'production'
      ? { production: texts.environments.production }
      : { staging: texts.environments.staging, development: texts.environments.development };
  async function submit(values: typeof form.values) {
    try {
      const { scopes } = await save.mutateAsync({
        name: values.name,
        description: values.description || null,
        environment: values.environment,
        scopes: values.scopes as Schemas['Scope'][],
      });
      // A set that was named by one word comes back as its scopes.
      form.setFieldValue('scopes', scopes);
      form.resetDirty({ ...values, scopes });
    } catch (error) {
      showFieldErrors(form, error);
    }
  }
  return (
    <Stack gap="lg">
      {token.revoked_reason && (
        <Alert color="yellow" title={leaked.revokedTitle}>
          {leaked.reasons[token.revoked_reason] ?? token.revoked_reason}
        </Alert>
      )}
      <Section title={said.details}>
        <SimpleGrid cols={{ base: 2, md: 4 }}>
          <Fact label={said.prefix}>
            <Prefix token={token} />
          </Fact>
          <Fact label={said.createdBy}>
            <Person id={token.user_id} />
          </Fact>
          <Fact label={said.lastUsed}>
            <Time at={token.last_used_at} />
          </Fact>
          <Fact label={said.expires}>
            <Time at={token.expires_at} />
          </Fact>
        </SimpleGrid>
        <form onSubmit={form.onSubmit((values) => void submit(values))}>
          <fieldset disabled={!mayWrite} className="plain">
            <Stack>
              <Refused error={save.error} values={form.values} />
              <TextInput label={said.name} required {...form.getInputProps('name')} />
              <Textarea label={said.description} autosize minRows={2} {...form.getInputProps('description')} />
              <Select
                label={said.environment}
                data={choices(environments)}
                allowDeselect={false}
                disabled={!mayWrite}
                {...form.getInputProps('environment')}
              />
              <ScopeChoice {...form.getInputProps('scopes')} />
              {mayWrite && (
                <Group justify="flex-end">
                  <Button type="submit" loading={save.isPending} disabled={!form.isDirty()}>
                    {texts.actions.save}
                  </Button>
                </Group>
              )}
            </Stack>
          </fieldset>
        </form>
      </Section>
      {mayEndAll && <Leaked token={token} />}
      {mayWrite && (
        <Section title={said.danger} about={said.revokeAbout}>
          <Group>
            <ConfirmButton red label={texts.actions.revoke} title={said.revokeTitle} name={token.name} confirm={revoke}>
              {said.revokeAbout}
              <Text size="sm" mt="xs">
                {said.lastUsedAt} <Time at={token.last_used_at} /> · {said.createdBy} <Person id={token.user_id} />
              </Text>
            </ConfirmButton>
          </Group>
        </Section>
      )}
    </Stack>
  );
}
