import { Alert, Button, Checkbox, Group, Modal, Stack, Tabs, Text, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useNavigate } from 'react-router';

import { texts } from '../texts';
import { CodeBlock } from './copy';
import { FormEnd } from './form';

type ConfirmProps = {
  opened: boolean;
  close: () => void;
  title: string;
  children: ReactNode;
  /** The name that has to be typed; without one, the button is enough. */
  name?: string;
  action: string;
  danger?: boolean;
  /** Whether the button that opened it gets the focus when it closes. */
  returnFocus?: boolean;
  confirm: () => Promise<unknown>;
};

/** A dialog whose content begins anew each time it opens. */
export function Dialog({ opened, close, title, size, children }: {
  opened: boolean;
  close: () => void;
  title: ReactNode;
  size?: string;
  children: ReactNode;
}) {
  return (
    <Modal opened={opened} onClose={close} title={title} {...(size ? { size } : {})}>
      {opened && children}
    </Modal>
  );
}

/** Asks before something happens that cannot be undone; the thing is named to confirm. */
export function Confirm(props: ConfirmProps) {
  return (
    <Modal opened={props.opened} onClose={props.close} title={props.title} returnFocus={props.returnFocus ?? true} centered>
      {props.opened && <ConfirmBody {...props} />}
    </Modal>
  );
}

/** A button for something that is confirmed first; a red one takes something away. */
export function ConfirmButton({ label, action = label, red = false, ...asked }: Omit<ConfirmProps, 'opened' | 'close' | 'action'> & {
  label: string;
  /** The word that confirms; that of the button if there is none. */
  action?: string;
  red?: boolean;
}) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Button {...(red ? { color: 'red', variant: 'outline' } : { variant: 'default' })} onClick={() => setAsking(true)}>
        {label}
      </Button>
      <Confirm opened={asking} close={() => setAsking(false)} action={action} {...asked} />
    </>
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
        <FormEnd close={close} action={action} busy={busy} ready={ready} color={danger ? 'red' : 'blue'} />
      </Stack>
    </form>
  );
}

/** `stored` is what the person confirms, if it is not that they stored it. */
export type Secret = { title: string; value: string; about: string; stored?: string; extra?: { label: string; value: string }[] };

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

/** Shows the secret of a thing that was just made, once; then the page of the thing opens. */
export function useNewSecret(pageOf: (id: string) => string) {
  const [made, setMade] = useState<{ secret: Secret; id: string } | null>(null);
  const navigate = useNavigate();
  const shown = (
    <SecretOnce
      secret={made?.secret ?? null}
      close={() => {
        if (made) void navigate(pageOf(made.id));
        setMade(null);
      }}
    />
  );
  return { shown, show: (secret: Secret, id: string) => setMade({ secret, id }) };
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
          label={secret.stored ?? texts.secret.stored}
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
