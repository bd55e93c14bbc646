import { Button, Group, Text } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { type ReactNode, useState } from 'react';

import { useChange } from '../api/queries';
import { texts } from '../texts';
import { Changes, changes, type Value, type Words } from './changes';
import { Confirm } from './dialogs';
import { showFieldErrors } from './field_errors';
import { Refused } from './form';
import { Section } from './layout';
import { steady } from './steady';

/** The settings of a thing. Saving asks first, with a list of the changes, and sends only the fields that differ. */
export function Settings<Values extends Record<string, Value>>({ form, before, labels, words, unset, mayWrite, input, edit, touches, done, saved, children }: {
  form: UseFormReturnType<Values>;
  before: Values;
  labels: Record<keyof Values & string, string>;
  words?: Words<Values>;
  /** What a field that is empty means, where that has words. */
  unset?: Partial<Record<keyof Values & string, string>>;
  mayWrite: boolean;
  /** The fields as the API takes them. */
  input: (values: Values) => Record<string, unknown>;
  edit: (changed: Record<string, unknown>) => Promise<unknown>;
  touches: readonly unknown[][];
  done: string;
  saved?: () => void;
  children: ReactNode;
}) {
  const [confirming, setConfirming] = useState(false);
  const [refused, setRefused] = useState(false);
  const changed = changes(labels, before, form.values, words, unset);
  const save = useChange(
    (values: Values) => edit(Object.fromEntries(Object.entries(input(values)).filter(([name]) => changed.some((one) => one.name === name)))),
    { touches, done, quiet: true },
  );
  async function submit() {
    try {
      setRefused(false);
      await save.mutateAsync(form.values);
      saved?.();
    } catch (error) {
      setRefused(true);
      showFieldErrors(form, error);
    }
  }
  return (
    <Section title={texts.webhooks.details}>
      <Refused error={save.error} values={form.values} />
      <form
        ref={steady}
        onSubmit={form.onSubmit(() => {
          if (changed.length > 0) setConfirming(true);
        })}
      >
        <fieldset disabled={!mayWrite} className="plain">
          {children}
          {mayWrite && (
            <Group justify="flex-end" mt="md">
              <Text size="sm" c="dimmed">
                {changed.length === 0 && texts.webhooks.noChanges}
              </Text>
              <Button type="submit" disabled={changed.length === 0}>
                {texts.actions.save}
              </Button>
            </Group>
          )}
        </fieldset>
      </form>
      <Confirm
        opened={confirming}
        close={() => setConfirming(false)}
        title={texts.webhooks.saveTitle}
        action={texts.actions.save}
        danger={false}
        returnFocus={!refused} // the field that was refused has it
        confirm={submit}
      >
        <Changes of={changed} />
      </Confirm>
    </Section>
  );
}
