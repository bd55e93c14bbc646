import { Alert, Button, Code, Group, Stack, Text } from '@mantine/core';
import { lazy, Suspense } from 'react';

import type { ApiError } from '../api/client';
import { texts } from '../texts';
import { ExclamationTriangleIcon } from './icons';

// Apart: the sign-in, which may fail as well, has no router, and needs nothing that copies.
const Copy = lazy(async () => ({ default: (await import('./copy')).Copy }));
const PlanNotice = lazy(async () => ({ default: (await import('./layout')).PlanNotice }));

/** A refusal, or no answer: the words of the API, the request id, and a way on. A missing plan has a notice of its own. */
export function Failure({ error, retry }: { error: ApiError; retry?: () => void }) {
  if (error.kind === 'plan-required') {
    return (
      <Suspense>
        <PlanNotice detail={error.message} />
      </Suspense>
    );
  }
  return (
    <Alert color="red" icon={<ExclamationTriangleIcon />} title={texts.errors.title}>
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{error.message}</Text>
        {error.requestId && (
          <Group gap={4}>
            <Text size="xs">
              {texts.errors.requestId} <Code>{error.requestId}</Code>
            </Text>
            <Suspense>
              <Copy value={error.requestId} label={texts.errors.copyRequestId} />
            </Suspense>
          </Group>
        )}
        {retry && (
          <Button size="xs" variant="default" onClick={retry}>
            {texts.actions.tryAgain}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}
