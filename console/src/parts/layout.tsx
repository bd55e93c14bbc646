import { Alert, Anchor, Box, Button, Card, Center, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useId } from 'react';
import { Link } from 'react-router';

import type { ApiError } from '../api/client';
import { texts } from '../texts';
import { Failure } from './failure';

export { Failure };

type PageProps = {
  title: string;
  description?: ReactNode;
  actions?: ReactNode;
  back?: { to: string; label: string };
  children: ReactNode;
};

export function Page({ title, description, actions, back, children }: PageProps) {
  return (
    <Stack gap="lg">
      <title>{`${title} · ${texts.product}`}</title>
      <Box>
        {back && (
          <Text component={Link} to={back.to} size="sm" c="dimmed" className="quiet-link">
            ← {back.label}
          </Text>
        )}
        <Group justify="space-between" align="flex-start" gap="md">
          <Box maw={720} miw={0} className="heading">
            <Title order={1} fz={26} style={{ overflowWrap: 'anywhere' }}>
              {title}
            </Title>
            {description && (
              <Text component="div" c="dimmed" mt={4}>
                {description}
              </Text>
            )}
          </Box>
          {actions && <Group gap="xs">{actions}</Group>}
        </Group>
      </Box>
      {children}
    </Stack>
  );
}

export function Section({ title, about, actions, children }: {
  title: string;
  about?: string;
  actions?: ReactNode;
  children: ReactNode;
}) {
  const heading = useId();
  return (
    <Card withBorder padding="lg" radius="md" component="section" aria-labelledby={heading}>
      <Stack gap="md">
        <Group justify="space-between" align="flex-start">
          <Box maw={720} miw={0}>
            <Title order={2} fz={17} id={heading}>
              {title}
            </Title>
            {about && (
              <Text size="sm" c="dimmed">
                {about}
              </Text>
            )}
          </Box>
          {actions && <Group gap="xs">{actions}</Group>}
        </Group>
        {children}
      </Stack>
    </Card>
  );
}

/** The upgrade: the plan that there is, the plan that is needed, and where to read on. */
export function PlanNotice({ detail }: { detail: string }) {
  return (
    <Alert color="blue" title={texts.plan.title}>
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{detail}</Text>
        <Group gap="xs">
          <Button component={Link} to="/settings/subscription" size="xs">
            {texts.plan.subscription}
          </Button>
          <Button component="a" href="/docs" size="xs" variant="default">
            {texts.plan.docs}
          </Button>
        </Group>
      </Stack>
    </Alert>
  );
}

/** A page that the person's role does not open: which role does, and who can change it. */
export function RoleNotice({ page }: { page: string }) {
  return (
    <Page title={page}>
      <Alert color="yellow" title={texts.role.title}>
        <Text size="sm">
          {texts.role.about}{' '}
          <Anchor component={Link} to="/settings/users" underline="always" inherit c="inherit">
            {texts.role.users}
          </Anchor>
        </Text>
      </Alert>
    </Page>
  );
}

export function Empty({ title, about, children }: { title: string; about: string; children?: ReactNode }) {
  return (
    <Center py={48} px="md">
      <Stack align="center" gap="xs" maw={460}>
        <Text fw={600}>{title}</Text>
        <Text size="sm" c="dimmed" ta="center">
          {about}
        </Text>
        {children && <Box mt="xs">{children}</Box>}
      </Stack>
    </Center>
  );
}

export function Waiting({ lines = 4 }: { lines?: number }) {
  return (
    <Stack gap="sm" aria-busy="true" aria-label={texts.loading} role="status">
      {Array.from({ length: lines }, (_, line) => (
        <Skeleton key={line} height={line === 0 ? 22 : 44} radius="sm" />
      ))}
    </Stack>
  );
}

/** What a screen shows of one thing that it loads: a skeleton, the refusal, or the thing. */
export function Loaded<T>({ query, children }: {
  query: { data: T | undefined; error: ApiError | null; refetch: () => unknown };
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <Failure error={query.error} retry={() => void query.refetch()} />;
  return <Waiting />;
}
