import { Box, Group, Text } from '@mantine/core';
import type { ReactNode } from 'react';

import { useChats, useUsers } from '../api/queries';

export function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Box miw={0}>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text component="div" size="sm">
        {children}
      </Text>
    </Box>
  );
}

/** A person or bot by name; the id while the name is not known. */
export function Person({ id }: { id: string }) {
  const user = useUsers().data?.find((one) => one.id === id);
  return <>{user?.name ?? id}</>;
}

export function ChatNames({ ids, otherwise }: { ids: string[] | null; otherwise: string }) {
  const chats = useChats().data;
  if (ids === null) return <>{otherwise}</>;
  return (
    <Group gap={6}>
      {ids.map((id) => chats?.find((chat) => chat.id === id)?.name ?? id).join(', ')}
    </Group>
  );
}
