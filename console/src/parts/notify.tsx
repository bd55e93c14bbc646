import { Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';

import type { ApiError } from '../api/client';
import { texts } from '../texts';

const closeButtonProps = { 'aria-label': texts.actions.close };

export function notifyDone(message: string): void {
  notifications.show({ message, color: 'teal', autoClose: 4000, closeButtonProps });
}

export function notifyError(error: ApiError): void {
  notifications.show({
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
