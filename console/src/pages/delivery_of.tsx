import { useParams } from 'react-router';

import { callbacks, PERSONAL } from '../api/webhooks';
import { DeliveryPage } from './delivery_page';

/** A delivery of a personal webhook, or of a bot's callback. */
export default function DeliveryOf() {
  const { id, webhook = '', delivery = '' } = useParams();
  return <DeliveryPage kind={id ? callbacks(id) : PERSONAL} webhookId={webhook} id={delivery} />;
}
