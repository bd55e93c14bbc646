import { Button, Group, Stack } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import type { UseMutationResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import type { ApiError } from '../api/client';
import { texts } from '../texts';
import { showFieldErrors } from './field_errors';
import { Failure } from './layout';
import { steady } from './steady';

/** The buttons at the end of a form in a dialog. */
export function FormEnd({ close, action, busy = false, ready = true, color }: {
  close: () => void;
  action: string;
  busy?: boolean;
  ready?: boolean;
  color?: string;
}) {
  return (
    <Group justify="flex-end" wrap="wrap-reverse">
      <Button variant="default" onClick={close}>
        {texts.actions.cancel}
      </Button>
      <Button type="submit" loading={busy} disabled={!ready} {...(color ? { color } : {})}>
        {action}
      </Button>
    </Group>
  );
}

/** A refusal that no field of the form shows. `shown` names what it shows beside its fields. */
export function Refused({ error, values, shown = [] }: {
  error: ApiError | null;
  values: Record<string, unknown>;
  shown?: string[];
}) {
  const names = Object.keys(error?.fields ?? {});
  if (!error || (names.length > 0 && names.every((name) => name in values || shown.includes(name)))) return null;
  return <Failure error={error} />;
}

/** A form in a dialog: it is saved, then the dialog closes. A refusal is said at the field that it is about. */
export function SaveForm<Values extends Record<string, unknown>, Out>({ form, save, action, ready = true, close, saved, shown = [], children }: {
  form: UseFormReturnType<Values>;
  save: UseMutationResult<Out, ApiError, Values>;
  action: string;
  ready?: boolean;
  close: () => void;
  saved?: (out: Out) => void;
  shown?: string[];
  children: ReactNode;
}) {
  async function submit(values: Values) {
    try {
      const out = await save.mutateAsync(values);
      close();
      saved?.(out);
    } catch (error) {
      showFieldErrors(form, error);
    }
  }
  return (
    <form ref={steady} onSubmit={form.onSubmit((values) => void submit(values))}>
      <Stack>
        <Refused error={save.error} values={form.values} shown={shown} />
        {children}
        <FormEnd close={close} action={action} busy={save.isPending} ready={ready} />
      </Stack>
    </form>
  );
}
