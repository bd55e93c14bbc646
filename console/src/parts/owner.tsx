import { Alert, Button, Modal, Select, Stack, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';

import { api, done } from '../api/client';
import { useChange, useUsers } from '../api/queries';
import { useMay } from '../roles';
import { texts } from '../texts';
import { owners as said } from '../texts/owners';
import { Person } from './facts';
import { FormEnd } from './form';
import { Failure, Section } from './layout';
import { options } from './options';
import { reasonOf } from './reason';
import { Time } from './values';

/** A thing that has an owner: its collection below /v1, which is also the first word of its queries. */
export type Owned = {
  collection: 'webhooks' | 'incoming-webhooks' | 'applications' | 'bots' | 'commands';
  id: string;
  name: string;
  touches: readonly unknown[][];
};

/** Why a thing is disabled. One that lost its owner says the way back, and offers it to those who may. */
export function Disabled({ title, reason, at, owned, children }: {
  title: string;
  reason: string | null;
  at?: string | null;
  owned: Owned | null;
  children: ReactNode;
}) {
  const mayHandOver = useMay('admin:*');
  const lost = reason !== null && reason in said.reasons;
  return (
    <Alert color="red" title={title}>
      <Stack gap="xs" align="flex-start">
        <Text size="sm">
          {reason !== null && reasonOf(reason)} {at && <>({<Time at={at} />})</>}
        </Text>
        <Text size="sm">{lost ? (mayHandOver ? said.wayBack : said.askAdmin) : children}</Text>
        {lost && owned && <HandOver {...owned} />}
      </Stack>
    </Alert>
  );
}

/** Who owns a thing, and handing it over. */
export function Ownership({ owned, owner }: { owned: Owned | null; owner: string | null }) {
  if (!owned || !owner) return null;
  return (
    <Section title={said.owner} about={said.ownerAbout} actions={<HandOver {...owned} />}>
      <Text size="sm">
        <Person id={owner} />
      </Text>
    </Section>
  );
}

/** The button for handing a thing over, and its dialog; for those who may. */
function HandOver(owned: Owned) {
  const [opened, setOpened] = useState(false);
  const mayHandOver = useMay('admin:*');
  if (!mayHandOver) return null;
  return (
    <>
      <Button variant="default" onClick={() => setOpened(true)}>
        {said.handOver}
      </Button>
      <HandOverDialog owned={opened ? owned : null} close={() => setOpened(false)} />
    </>
  );
}

export function HandOverDialog({ owned, close }: { owned: Owned | null; close: () => void }) {
  return (
    <Modal opened={owned !== null} onClose={close} title={said.handOverTitle(owned?.name ?? '')}>
      {owned && <Choice {...owned} close={close} />}
    </Modal>
  );
}

function Choice({ collection, id, touches, close }: Owned & { close: () => void }) {
  const { data, isPending } = useUsers();
  const people = { data: data?.filter((user) => user.active && user.role !== 'bot'), isPending };
  const [chosen, setChosen] = useState<string | null>(null);
  const change = useChange(
    // Each of these collections has this route, with the same body.
    (user_id: string) =>
      done(
        api.PUT(`/v1/${collection}/{webhook_id}/owner` as '/v1/webhooks/{webhook_id}/owner', {
          params: { path: { webhook_id: id } },
          body: { user_id },
        }),
      ),
    { touches, done: said.done, quiet: true },
  );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (chosen) change.mutate(chosen, { onSuccess: close });
      }}
    >
      <Stack>
        <Text size="sm">{said.about}</Text>
        {change.error && <Failure error={change.error} />}
        <Select
          label={said.to}
          {...options(people, (user) => ({ value: user.id, label: `${user.name} · ${texts.roles[user.role]}` }))}
          value={chosen}
          onChange={setChosen}
          searchable
          required
          data-autofocus
        />
        <FormEnd close={close} action={said.handOver} busy={change.isPending} ready={Boolean(chosen)} />
      </Stack>
    </form>
  );
}
