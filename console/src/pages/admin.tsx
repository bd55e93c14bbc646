import { WORKSPACE } from '../api/webhooks';
import { texts } from '../texts';
import { WebhookList } from './webhook_list';

/** /admin/integrations: the webhooks that get the events of every chat. */
export default function Admin() {
  return (
    <WebhookList
      kind={WORKSPACE}
      title={texts.admin.title}
      about={texts.admin.about}
      empty={texts.admin}
      only={(webhook) => webhook.chat_ids === null && webhook.bot_id === null && webhook.application_id === null}
    />
  );
}
