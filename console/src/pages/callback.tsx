import { useParams } from 'react-router';

import { callbacks } from '../api/webhooks';
import { texts } from '../texts';
import { WebhookDetail } from './webhook_detail';

export default function CallbackPage() {
  const { id = '', callback = '' } = useParams();
  return (
    <WebhookDetail
      kind={callbacks(id)}
      id={callback}
      back={{ to: `/settings/integrations/bots/${id}`, label: texts.bots.one }}
    />
  );
}
