import { Anchor, Button, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useParams } from 'react-router';

import { api, type ApiError, body, done, type Schemas } from '../api/client';
import { useChange, useListing, useRemoval } from '../api/queries';
import { WORKSPACE } from '../api/webhooks';
import { CopyText } from '../parts/copy';
import { ConfirmButton, Dialog, type Secret, SecretOnce } from '../parts/dialogs';
import { ChatNames, Fact } from '../parts/facts';
import { Empty, Loaded, Page, Section } from '../parts/layout';
import { List } from '../parts/list';
import { Disabled, type Owned, Ownership } from '../parts/owner';
import { State, Time } from '../parts/values';
import { useMay } from '../roles';
import { texts } from '../texts';
import { owners } from '../texts/owners';
import { type Application, ApplicationForm, applicationSecret } from './applications';

const said = texts.applications;
const BACK = { to: '/settings/integrations/applications', label: said.title };

function owned(application: Application): Owned {
  return { collection: 'applications', id: application.id, name: application.app_name, touches: [['applications']] };
}

export default function ApplicationPage() {
  const { id = '' } = useParams();
  const mayWrite = useMay('admin:*');
  const [editing, setEditing] = useState(false);
  const [secret, setSecret] = useState<Secret | null>(null);
  const path = { params: { path: { application_id: id } } };
  const query = useQuery<Application, ApiError>({
    queryKey: ['applications', id],
    queryFn: () => body(api.GET('/v1/applications/{application_id}', path)),
  });
  const setState = useChange(
    (state: Schemas['State']) => body(api.PATCH('/v1/applications/{application_id}', { ...path, body: { state } })),
    {
      touches: [['applications']],
      done: ({ state }) => (state === 'enabled' ? owners.application.enabledNow : owners.application.disabledNow),
    },
  );
  const rotate = useChange(() => body(api.POST('/v1/applications/{application_id}/rotate-token', path)), {
    touches: [['applications']],
  });
  const revoke = useChange(() => body(api.POST('/v1/applications/{application_id}/revoke-token', path)), {
    touches: [['applications']],
    done: said.tokenRevoked,
  });
  const remove = useRemoval(() => done(api.DELETE('/v1/applications/{application_id}', path)), {
    touches: [['applications', 'list']],
    done: said.deleted,
    back: BACK.to,
  });
  const name = query.data?.app_name ?? '';
  return (
    <Page
      title={name || said.title}
      back={BACK}
      actions={
        query.data &&
        mayWrite && (
          <>
            <Button onClick={() => setEditing(true)}>{texts.actions.edit}</Button>
            <Button
              variant="default"
              loading={setState.isPending}
              onClick={() => setState.mutate(query.data.state === 'enabled' ? 'disabled' : 'enabled')}
            >
              {query.data.state === 'enabled' ? texts.webhooks.disable : texts.webhooks.enable}
            </Button>
            <ConfirmButton
              label={said.newToken}
              title={said.newToken}
              name={name}
              confirm={async () => setSecret(applicationSecret(await rotate.mutateAsync(undefined)))}
            >
              {said.newTokenAbout}
            </ConfirmButton>
            {query.data.has_token && (
              <ConfirmButton label={said.revokeToken} title={said.revokeToken} name={name} confirm={() => revoke.mutateAsync(undefined)}>
                {said.revokeTokenAbout}
              </ConfirmButton>
            )}
            <ConfirmButton red label={texts.actions.delete} title={said.deleteTitle} name={name} confirm={remove}>
              {said.deleteAbout}
            </ConfirmButton>
          </>
        )
      }
    >
      <Loaded query={query}>
        {(one) => (
          <Stack gap="lg">
            {one.state === 'disabled' && (
              <Disabled title={owners.application.disabledTitle} reason={one.disabled_reason} at={one.disabled_at} owned={owned(one)}>
                {owners.application.disabledAbout}
              </Disabled>
            )}
            <Section title={said.details}>
              <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }}>
                <Fact label={said.group}>
                  <ChatNames ids={one.chat_id ? [one.chat_id] : null} otherwise={said.noGroup} />
                </Fact>
                <Fact label={said.people}>{one.may_message_people ? said.allowed : said.notAllowed}</Fact>
                <Fact label={said.token}>
                  <State of={one.has_token ? 'active' : 'revoked'} />
                </Fact>
                <Fact label={said.lastUsed}>
                  <Time at={one.last_used_at} />
                </Fact>
                <Fact label={said.callback}>
                  {one.webhook_url ? <CopyText value={one.webhook_url} /> : texts.none}
                  {one.webhook_id && (
                    <Anchor component={Link} to={WORKSPACE.detailPage(one.webhook_id)} size="sm">
                      {said.callbackLog}
                    </Anchor>
                  )}
                </Fact>
              </SimpleGrid>
            </Section>
            <Ownership owned={owned(one)} owner={one.owner_id} />
            <Section title={said.requests} about={said.requestsAbout}>
              <Requests id={one.id} />
            </Section>
            <Dialog opened={editing} close={() => setEditing(false)} title={texts.actions.editOf(one.app_name)} size="lg">
              <ApplicationForm application={one} close={() => setEditing(false)} />
            </Dialog>
          </Stack>
        )}
      </Loaded>
      <SecretOnce secret={secret} close={() => setSecret(null)} />
    </Page>
  );
}

function Requests({ id }: { id: string }) {
  const listing = useListing<Schemas['ApplicationRequestOut']>(
    ['applications', id, 'requests'],
    (cursor) =>
      body(
        api.GET('/v1/applications/{application_id}/requests', {
          params: { path: { application_id: id }, query: { cursor } },
        }),
      ),
    { refresh: 5000 },
  );
  return (
    <List
      label={said.requests}
      listing={listing}
      id={(one) => one.id}
      columns={[
        { title: said.endpoint, cell: (one) => said.endpoints[one.endpoint] },
        { title: said.outcome, cell: (one) => <State of={one.outcome} /> },
        { title: said.status, cell: (one) => <Text size="sm" ff="monospace">{one.status}</Text> },
        { title: said.error, wide: true, cell: (one) => one.error && <Text size="sm">{one.error}</Text> },
        { title: texts.deliveries.time, cell: (one) => <Time at={one.at} /> },
      ]}
      empty={<Empty title={said.noRequests} about={said.noRequestsAbout} />}
    />
  );
}
