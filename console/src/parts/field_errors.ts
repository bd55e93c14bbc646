import type { UseFormReturnType } from '@mantine/form';

import { ApiError } from '../api/client';
import { sentence } from './values';

/** Say at each field why the API refused it, and go to the first one: a long form may have scrolled it away. */
export function showFieldErrors<T extends Record<string, unknown>>(form: UseFormReturnType<T>, error: unknown): void {
  if (!(error instanceof ApiError)) return;
  form.setErrors(Object.fromEntries(Object.entries(error.fields).map(([name, reason]) => [name, sentence(reason)])));
  const [first] = Object.keys(error.fields).filter((name) => name in form.values);
  if (first !== undefined) form.getInputNode(first)?.focus();
}
