import { Button } from '@mantine/core';
import type { ReactNode } from 'react';

import { PlusIcon } from './icons';
import { Empty, Page } from './layout';
import { List, type ListProps } from './list';

type EmptyWords = {
  title: string;
  about?: string;
  create: string;
  emptyTitle?: string;
  emptyAbout?: string;
  noneFound?: string;
  noneFoundAbout?: string;
};
type Words = EmptyWords & { about: string };

/** The button that opens the form for a new thing. Without `create`, the person may not make one. */
export function CreateButton({ label, create }: { label: string; create: (() => void) | null }) {
  if (!create) return null;
  return (
    <Button leftSection={<PlusIcon />} onClick={create}>
      {label}
    </Button>
  );
}

/** An empty list: what the things are for and the way to the first one, or that the filters let nothing through. */
export function NothingHere({ said, filtered, create }: {
  said: EmptyWords;
  filtered: boolean;
  create: (() => void) | null;
}) {
  if (filtered && said.noneFound) return <Empty title={said.noneFound} about={said.noneFoundAbout ?? ''} />;
  return (
    <Empty title={said.emptyTitle ?? said.title} about={said.emptyAbout ?? said.about ?? ''}>
      {create && <Button onClick={create}>{said.create}</Button>}
    </Empty>
  );
}

/** The page of all things of a kind: what they are, how to make one, filters, and the list. Dialogs are its children. */
export function ListPage<T>({ said, create, tools, filtered = false, children, ...list }: {
  said: Words;
  create: (() => void) | null;
  tools?: ReactNode;
  filtered?: boolean;
  children?: ReactNode;
} & Pick<ListProps<T>, 'listing' | 'id' | 'columns'>) {
  return (
    <Page title={said.title} description={said.about} actions={create && <CreateButton label={said.create} create={create} />}>
      {tools}
      <List label={said.title} empty={<NothingHere said={said} filtered={filtered} create={create} />} {...list} />
      {children}
    </Page>
  );
}
