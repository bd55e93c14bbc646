import { Card } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { type WebhookKind, webhookQuery } from '../api/webhooks';
import { Page } from '../parts/layout';
import { shortUrl } from '../parts/values';
import { texts } from '../texts';
import { DeliveryView } from './delivery_view';

/** A delivery on a page of its own, below the webhook that it belongs to. */
export function DeliveryPage({ kind, webhookId, id }: { kind: WebhookKind; webhookId: string; id: string }) {
  const webhook = useQuery(webhookQuery(kind, webhookId)).data;
  const name = webhook && (webhook.name ?? shortUrl(webhook.url));
  return (
    <Page
      title={name ? texts.deliveries.to(name) : texts.deliveries.delivery}
      back={{ to: kind.detailPage(webhookId), label: name ?? texts.webhooks.details }}
    >
      <Card withBorder padding="lg" radius="md">
        <DeliveryView kind={kind} webhookId={webhookId} id={id} />
      </Card>
    </Page>
  );
}
