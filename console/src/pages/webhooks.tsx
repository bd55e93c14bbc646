import { WORKSPACE } from '../api/webhooks';
import { texts } from '../texts';
import { WebhookList } from './webhook_list';

export default function Webhooks() {
  return <WebhookList kind={WORKSPACE} title={texts.webhooks.title} about={texts.webhooks.about} />;
}
