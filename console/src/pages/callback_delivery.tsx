import { useParams } from 'react-router';

import { callbacks } from '../api/webhooks';
import { DeliveryPage } from './delivery_page';

/** A delivery to a bot's callback. */
export default function CallbackDelivery() {
  const { id = '', webhook = '', delivery = '' } = useParams();
  return <DeliveryPage kind={callbacks(id)} webhookId={webhook} id={delivery} />;
}
