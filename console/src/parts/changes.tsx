import { Table } from '@mantine/core';

import { texts } from '../texts';

const said = texts.webhooks;
export type Value = string | number | boolean | string[];
export type Change = { name: string; label: string; was: string; becomes: string; unset: string };

/** The fields that differ, in the order of their labels, as a person reads them. `unset` has words for empty ones. */
export function changes<Values extends Record<string, Value>>(
  labels: Record<keyof Values & string, string>,
  before: Values,
  after: Values,
  unset: Partial<Record<keyof Values & string, string>> = {},
): Change[] {
  return Object.keys(labels)
    .map((name) => ({ name, label: labels[name] ?? name, was: shown(before[name]), becomes: shown(after[name]), unset: unset[name] ?? said.empty }))
    .filter(({ was, becomes }) => was !== becomes);
}

function shown(value: Value | undefined): string {
  if (typeof value === 'boolean') return value ? said.yes : said.no;
  return Array.isArray(value) ? value.toSorted().join(', ') : String(value);
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
