import { type QueryClient, queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from 'react-router';

import { api, type ApiError, body } from '../api/client';
import { covers } from '../api/covers';
import { meQuery } from '../api/queries';
import { type DeliveryRead, deliveryKey, webhookQuery, WORKSPACE } from '../api/webhooks';
import { Failure, Page, Waiting } from '../parts/layout';
import type { Prefetch } from '../screens';
import { texts } from '../texts';
import { DeliveryPage } from './delivery_page';

/** A delivery whose webhook is not known yet. The page of a delivery, which knows the webhook, need not read it again. */
function deliveryQuery(client: QueryClient, id: string) {
  return queryOptions<DeliveryRead, ApiError>({
    queryKey: ['delivery', id],
    queryFn: async () => {
      const found = await body(api.GET('/v1/deliveries/{delivery_id}', { params: { path: { delivery_id: id } } }));
      client.setQueryData(deliveryKey(WORKSPACE, found.webhook_id, id), found);
      return found;
    },
  });
}

export const prefetch: Prefetch = async (client, { delivery = '' }) => {
  if (!covers(client.getQueryData(meQuery.queryKey), 'webhooks:read')) return;
  const query = deliveryQuery(client, delivery);
  await client.prefetchQuery(query);
  const found = client.getQueryData(query.queryKey);
  if (found) await client.prefetchQuery(webhookQuery(WORKSPACE, found.webhook_id));
};

/** A delivery of the workspace by its id alone: the address names no webhook. */
export default function Delivery() {
  const { delivery = '' } = useParams();
  const query = useQuery(deliveryQuery(useQueryClient(), delivery));
  if (query.data) return <DeliveryPage kind={WORKSPACE} webhookId={query.data.webhook_id} id={delivery} />;
  return (
    <Page title={texts.deliveries.delivery} back={{ to: WORKSPACE.page, label: texts.webhooks.title }}>
      {query.error ? <Failure error={query.error} retry={() => void query.refetch()} /> : <Waiting />}
    </Page>
  );
}
