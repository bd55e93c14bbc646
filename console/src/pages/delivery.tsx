import { Card } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';

import { api, type ApiError, body } from '../api/client';
import { type DeliveryRead, WORKSPACE } from '../api/webhooks';
import { Loaded, Page } from '../parts/layout';
import { texts } from '../texts';
import { DeliveryView } from './delivery_view';

export default function DeliveryPage() {
  const { delivery = '' } = useParams();
  const query = useQuery<DeliveryRead, ApiError>({
    queryKey: ['delivery', delivery],
    queryFn: () => body(api.GET('/v1/deliveries/{delivery_id}', { params: { path: { delivery_id: delivery } } })),
  });
  const webhook = query.data?.webhook_id;
  return (
    <Page
      title={texts.deliveries.delivery}
      back={{ to: webhook ? WORKSPACE.detailPage(webhook) : WORKSPACE.page, label: texts.webhooks.title }}
    >
      <Loaded query={query}>
        {(loaded) => (
          <Card withBorder padding="lg" radius="md">
            <DeliveryView kind={WORKSPACE} webhookId={loaded.webhook_id} id={loaded.id} />
          </Card>
        )}
      </Loaded>
    </Page>
  );
}
