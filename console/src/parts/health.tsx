import { Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import type { ApiError } from '../api/client';
import type { Delivery, Webhook, WebhookKind } from '../api/webhooks';
import type { Page } from '../api/queries';
import { texts } from '../texts';
import { Tip } from './tip';
import { State } from './values';

const said = texts.webhooks;
const SHOWN = 12;
const COLORS: Record<string, string> = {
  delivered: 'var(--mantine-color-teal-7)',
  exhausted: 'var(--mantine-color-red-7)',
  cancelled: 'var(--mantine-color-gray-6)',
  retrying: 'var(--mantine-color-yellow-7)',
};

/** The last deliveries of a webhook as a row of bars, newest at the right. */
export function Health({ kind, webhook }: { kind: WebhookKind; webhook: Webhook }) {
  const query = useQuery<Page<Delivery>, ApiError>({
    queryKey: [...kind.key, webhook.id, 'health'],
    queryFn: () => kind.deliveries(webhook.id, {}),
    refetchInterval: 15_000,
  });
  if (!query.data) return null;
  const shown = query.data.items.slice(0, SHOWN);
  if (shown.length === 0) return <Text size="xs" c="dimmed">{said.noDeliveries}</Text>;
  const ok = shown.filter((delivery) => delivery.state === 'delivered').length;
  return (
    <Tip label={said.healthLabel(ok, shown.length)}>
      <Group gap={2} wrap="nowrap" role="img" aria-label={said.healthLabel(ok, shown.length)} className="bars">
        {shown.toReversed().map((delivery) => (
          <span key={delivery.id} className="bar" style={{ background: COLORS[delivery.state] ?? 'var(--mantine-color-blue-6)' }} />
        ))}
      </Group>
    </Tip>
  );
}

export function WebhookStateBadge({ webhook }: { webhook: Webhook }) {
  if (webhook.state === 'enabled' && webhook.paused_until) return <State of="retrying" label={texts.states.paused ?? ''} />;
  return <State of={webhook.state} />;
}
