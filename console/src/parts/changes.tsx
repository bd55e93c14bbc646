import { Table } from '@mantine/core';

import { texts } from '../texts';

const said = texts.webhooks;
export type Value = string | number | boolean | string[];
export type Change = { name: string; label: string; was: string; becomes: string; unset: string };

/** The words for the values of some fields, by the value. A list has them for each of its items. */
export type Words<Values> = Partial<Record<keyof Values & string, (value: string) => string>>;

/**
 * The fields that differ, in the order of their labels, as a person reads them: with `words` for values that have some,
 * and those of `unset` for empty ones.
 */
export function changes<Values extends Record<string, Value>>(
  labels: Record<keyof Values & string, string>,
  before: Values,
  after: Values,
  words: Words<Values> = {},
  unset: Partial<Record<keyof Values & string, string>> = {},
): Change[] {
  return Object.keys(labels)
    .filter((name) => shown(before[name]) !== shown(after[name]))
    .map((name) => ({
      name,
      label: labels[name] ?? name,
      was: shown(before[name], words[name]),
      becomes: shown(after[name], words[name]),
      unset: unset[name] ?? said.empty,
    }));
}

function shown(value: Value | undefined, word: (value: string) => string = String): string {
  if (typeof value === 'boolean') return value ? said.yes : said.no;
  if (Array.isArray(value)) return value.map(word).toSorted().join(', ');
  return typeof value === 'string' && value !== '' ? word(value) : String(value);
}

/** Each change as a row: what it was, and what it becomes. */
export function Changes({ of }: { of: Change[] }) {
  return (
    <Table aria-label={said.saveTitle}>
      <Table.Tbody>
        {of.map(({ name, label, was, becomes, unset }) => (
          <Table.Tr key={name}>
            <Table.Th scope="row">{label}</Table.Th>
            <Table.Td className="message">
              {was ? <s>{was}</s> : unset} → <b>{becomes || unset}</b>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
