import { Alert, Button, Checkbox, Group, Modal, Stack, Tabs, Text, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';

import { texts } from '../texts';
import { CodeBlock } from './copy';

type ConfirmProps = {
  opened: boolean;
  close: () => void;
  title: string;
  children: ReactNode;
  /** The name that has to be typed; without one, the button is enough. */
  name?: string;
  action: string;
  danger?: boolean;
  confirm: () => Promise<unknown>;
};

/** Asks before something happens that cannot be undone; the thing is named to confirm. */
export function Confirm(props: ConfirmProps) {
  return (
    <Modal opened={props.opened} onClose={props.close} title={props.title} centered>
      {props.opened && <ConfirmBody {...props} />}
    </Modal>
  );
}

function ConfirmBody({ close, children, name, action, danger = true, confirm }: ConfirmProps) {
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const ready = name === undefined || typed.trim() === name;
  async function submit() {
    setBusy(true);
    try {
      await confirm();
      close();
    } catch {
      setBusy(false); // The refusal was shown; the dialog stays so that it can be tried again.
    }
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (ready && !busy) void submit();
      }}
    >
      <Stack>
        <Text component="div" size="sm">
          {children}
        </Text>
        {name !== undefined && (
          <TextInput
            label={texts.confirm.type(name)}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            autoComplete="off"
            data-autofocus
          />
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {texts.actions.cancel}
          </Button>
          <Button type="submit" color={danger ? 'red' : 'blue'} disabled={!ready} loading={busy}>
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

export type Secret = { title: string; value: string; about: string; extra?: { label: string; value: string }[] };

/** Shows a secret once. It closes by its button only, after the box was ticked. */
export function SecretOnce({ secret, close }: { secret: Secret | null; close: () => void }) {
  return (
    <Modal
      opened={secret !== null}
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      title={secret?.title}
      size="lg"
      centered
    >
      {secret && <SecretBody secret={secret} close={close} />}
    </Modal>
  );
}

function SecretBody({ secret, close }: { secret: Secret; close: () => void }) {
  const [stored, setStored] = useState(false);
  return (
    <Stack>
      <Alert color="yellow" variant="light">
        {secret.about} {texts.secret.once}
      </Alert>
      <CodeBlock value={secret.value} label={texts.secret.label} />
      {secret.extra && secret.extra.length > 0 && (
        <Tabs defaultValue="0" keepMounted={false}>
          <Tabs.List>
            {secret.extra.map(({ label }, index) => (
              <Tabs.Tab key={label} value={String(index)}>
                {label}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {secret.extra.map(({ label, value }, index) => (
            <Tabs.Panel key={label} value={String(index)} pt="sm">
              <CodeBlock value={value} label={label} />
            </Tabs.Panel>
          ))}
        </Tabs>
      )}
      <Group justify="space-between">
        <Checkbox
          label={texts.secret.stored}
          checked={stored}
          onChange={(event) => setStored(event.currentTarget.checked)}
        />
        <Button onClick={close} disabled={!stored}>
          {texts.actions.close}
        </Button>
      </Group>
    </Stack>
  );
}
