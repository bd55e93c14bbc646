import { useParams } from 'react-router';

import { PERSONAL } from '../api/webhooks';
import { DeliveryPage } from './delivery_page';

/** A delivery to a person's own webhook. */
export default function AgentDelivery() {
  const { webhook = '', delivery = '' } = useParams();
  return <DeliveryPage kind={PERSONAL} webhookId={webhook} id={delivery} />;
}
