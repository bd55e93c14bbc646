import { useParams } from 'react-router';

import { PERSONAL } from '../api/webhooks';
import { texts } from '../texts';
import { WebhookDetail } from './webhook_detail';

export default function AgentWebhook() {
  const { webhook = '' } = useParams();
  return <WebhookDetail kind={PERSONAL} id={webhook} back={{ to: PERSONAL.page, label: texts.agent.title }} />;
}
