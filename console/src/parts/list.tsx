import { Box, Button, Card, Center, Checkbox, Table } from '@mantine/core';
import { type ReactNode, useState } from 'react';

import type { Listing } from '../api/queries';
import { texts } from '../texts';
import { Failure, Waiting } from './layout';

export type Column<T> = { title: string; cell: (item: T) => ReactNode; wide?: boolean; hideTitle?: boolean; tick?: boolean };

export type ListProps<T> = {
  label: string;
  listing: Listing<T>;
  columns: Column<T>[];
  id: (item: T) => string;
  empty: ReactNode;
  marked?: string | undefined;
};

/** A table of a listing: skeletons first, then rows, and a button for more. Narrow screens get a card for each row. */
export function List<T>({ label, listing, columns, id, empty, marked }: ListProps<T>) {
  if (listing.error && !listing.items) return <Failure error={listing.error} retry={listing.refetch} />;
  if (!listing.items) return <Waiting lines={5} />;
  return (
    <Card withBorder padding={0} radius="md">
      {listing.items.length === 0 ? (
        empty
      ) : (
        <Box className="list-box">
          <Table className="list" verticalSpacing="sm" horizontalSpacing="md" highlightOnHover aria-label={label}>
            <Table.Thead>
              <Table.Tr>
                {columns.map((column) => (
                  <Table.Th key={column.title} scope="col" style={{ whiteSpace: 'nowrap' }}>
                    {column.hideTitle ? <span className="visually-hidden">{column.title}</span> : column.title}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {listing.items.map((item) => (
                <Table.Tr key={id(item)} data-marked={marked === id(item) || undefined}>
                  {columns.map((column) => (
                    <Table.Td
                      key={column.title}
                      data-title={column.hideTitle ? '' : column.title}
                      className={column.wide ? 'wide' : column.tick ? 'tick' : column.hideTitle ? 'act' : undefined}
                    >
                      {column.cell(item)}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Box>
      )}
      {listing.more && (
        <Center p="sm">
          <Button variant="subtle" onClick={listing.loadMore} loading={listing.loadingMore}>
            {texts.actions.more}
          </Button>
        </Center>
      )}
    </Card>
  );
}

/** Things that were loaded already, as a listing without more pages. */
export function wholeListing<T>(items: T[]): Listing<T> {
  const nothing = () => undefined;
  return { items, error: null, pending: false, more: false, loadingMore: false, loadMore: nothing, refetch: nothing };
}

/** Rows that can be ticked: the column of boxes for it, and the rows that are. */
export function useSelection<T extends { id: string }>({ title, items, label, tickable = () => true }: {
  title: string;
  items: T[] | undefined;
  label: (item: T) => string;
  tickable?: (item: T) => boolean;
}): { column: Column<T>; chosen: T[]; choose: (ids: string[]) => void } {
  const [ids, choose] = useState<string[]>([]);
  return {
    chosen: (items ?? []).filter((item) => ids.includes(item.id) && tickable(item)),
    choose,
    column: {
      title,
      hideTitle: true,
      tick: true,
      cell: (item) => (
        <Checkbox
          aria-label={texts.tokens.select(label(item))}
          disabled={!tickable(item)}
          checked={ids.includes(item.id)}
          onChange={(event) => {
            const { checked } = event.currentTarget;
            choose((before) => (checked ? [...before, item.id] : before.filter((id) => id !== item.id)));
          }}
        />
      ),
    },
  };
}
