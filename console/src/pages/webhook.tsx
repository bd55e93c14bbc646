import { useParams } from 'react-router';

import { WORKSPACE } from '../api/webhooks';
import { texts } from '../texts';
import { WebhookDetail } from './webhook_detail';

export default function WebhookPage() {
  const { id = '' } = useParams();
  return <WebhookDetail kind={WORKSPACE} id={id} back={{ to: WORKSPACE.page, label: texts.webhooks.title }} />;
}
