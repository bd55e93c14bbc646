import { useQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';

import { api, type ApiError, body } from '../api/client';
import { type DeliveryRead, WORKSPACE } from '../api/webhooks';
import { Failure, Page, Waiting } from '../parts/layout';
import { texts } from '../texts';
import { DeliveryPage } from './delivery_page';

/** A delivery of the workspace by its id alone: the address names no webhook. */
export default function Delivery() {
  const { delivery = '' } = useParams();
  const query = useQuery<DeliveryRead, ApiError>({
    queryKey: ['delivery', delivery],
    queryFn: () => body(api.GET('/v1/deliveries/{delivery_id}', { params: { path: { delivery_id: delivery } } })),
  });
  if (query.data) return <DeliveryPage kind={WORKSPACE} webhookId={query.data.webhook_id} id={delivery} />;
  return (
    <Page title={texts.deliveries.delivery} back={{ to: WORKSPACE.page, label: texts.webhooks.title }}>
      {query.error ? <Failure error={query.error} retry={() => void query.refetch()} /> : <Waiting />}
    </Page>
  );
}
