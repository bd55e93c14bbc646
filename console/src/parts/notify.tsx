import { Text } from '@mantine/core';
import type { NotificationData } from '@mantine/notifications';

import type { ApiError } from '../api/client';
import { texts } from '../texts';

const closeButtonProps = { 'aria-label': texts.actions.close };
const listeners = new Set<() => void>();
let needed = false;

/** Whether there was anything to say: what shows it is not loaded before. */
export const notices = {
  needed: () => needed,
  listen(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

async function show(notice: NotificationData): Promise<void> {
  needed = true;
  for (const listener of listeners) listener();
  const { notifications } = await import('./notifications');
  notifications.show(notice);
}

export function notifyDone(message: string): void {
  void show({ message, color: 'teal', autoClose: 4000, closeButtonProps });
}

export function notifyError(error: ApiError): void {
  void show({
    title: texts.errors.title,
    message: (
      <>
        {error.message}
        {error.requestId && (
          <Text size="xs" c="dimmed">
            {texts.errors.requestId} {error.requestId}
          </Text>
        )}
      </>
    ),
    color: 'red',
    autoClose: 10_000,
    closeButtonProps,
  });
}
