import { useParams } from 'react-router';

import { useUsers } from '../api/queries';
import { callbacks } from '../api/webhooks';
import { texts } from '../texts';
import { WebhookDetail } from './webhook_detail';

export default function CallbackPage() {
  const { id = '', callback = '' } = useParams();
  const bot = useUsers().data?.find((user) => user.id === id);
  return (
    <WebhookDetail
      kind={callbacks(id)}
      id={callback}
      back={{ to: `/settings/integrations/bots/${id}`, label: bot?.name ?? texts.bots.one }}
    />
  );
}
