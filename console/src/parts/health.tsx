import { Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import type { ApiError } from '../api/client';
import type { Delivery, Webhook, WebhookKind } from '../api/webhooks';
import type { Page } from '../api/queries';
import { texts } from '../texts';
import { reasonOf } from './reason';
import { Tip } from './tip';
import { State, Time } from './values';

const said = texts.webhooks;
const SHOWN = 12;
const COLORS: Record<string, string> = {
  delivered: 'var(--mantine-color-teal-7)',
  exhausted: 'var(--mantine-color-red-7)',
  cancelled: 'var(--mantine-color-gray-6)',
  retrying: 'var(--mantine-color-yellow-7)',
};

/** The last deliveries of a webhook as a row of bars, newest at the right, and when the last attempt was. */
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
  const last = shown.flatMap((delivery) => delivery.attempts.map(({ at }) => at)).sort().at(-1);
  return (
    <div>
      <Tip label={said.healthLabel(ok, shown.length)}>
        <Group gap={2} wrap="nowrap" role="img" aria-label={said.healthLabel(ok, shown.length)} className="bars">
          {shown.toReversed().map((delivery) => (
            <span key={delivery.id} className="bar" style={{ background: COLORS[delivery.state] ?? 'var(--mantine-color-blue-6)' }} />
          ))}
        </Group>
      </Tip>
      {last && (
        <Text size="xs" c="dimmed" mt={2}>
          <Time at={last} />
        </Text>
      )}
    </div>
  );
}

/** The state of a webhook; with `reason`, also why it is not well. */
export function WebhookStateBadge({ webhook, reason = false }: { webhook: Webhook; reason?: boolean }) {
  const paused = webhook.state === 'enabled' && webhook.paused_until !== null;
  const why = webhook.disabled_reason ? reasonOf(webhook.disabled_reason) : webhook.consecutive_failures > 0 ? said.failures(webhook.consecutive_failures) : null;
  return (
    <>
      {paused ? <State of="retrying" label={texts.states.paused ?? ''} /> : <State of={webhook.state} />}
      {reason && why && (
        <Text size="xs" c="dimmed" mt={4} miw={110}>
          {why}
        </Text>
      )}
    </>
  );
}
