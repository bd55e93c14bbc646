import { PERSONAL } from '../api/webhooks';
import { texts } from '../texts';
import { WebhookList } from './webhook_list';

/** /me/agent: a person's own webhooks, which get the person's own notifications. */
export default function Agent() {
  return <WebhookList kind={PERSONAL} title={texts.agent.title} about={texts.agent.about} />;
}
