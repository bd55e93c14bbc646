import { Card } from '@mantine/core';
import { useParams } from 'react-router';

import { callbacks, PERSONAL } from '../api/webhooks';
import { Page } from '../parts/layout';
import { texts } from '../texts';
import { DeliveryView } from './delivery_view';

/** A delivery of a personal webhook, or of a bot's callback. */
export default function DeliveryOf() {
  const { id, webhook = '', delivery = '' } = useParams();
  const kind = id ? callbacks(id) : PERSONAL;
  return (
    <Page title={texts.deliveries.delivery} back={{ to: kind.detailPage(webhook), label: texts.webhooks.details }}>
      <Card withBorder padding="lg" radius="md">
        <DeliveryView kind={kind} webhookId={webhook} id={delivery} />
      </Card>
    </Page>
  );
}
