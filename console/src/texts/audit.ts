import type { Schemas } from '../api/client';

type Action = Schemas['Action'];

/** The actions whose words in the API make no sentence. */
const SPECIAL: Partial<Record<Action, string>> = {
  'token.all_ended': 'Everything ended that a token made',
  'user.email_changed': 'E-mail of a user changed',
  'member.added': 'Member added to a chat',
  'member.removed': 'Member removed from a chat',
  'webhook.rotated': 'Secret of a webhook rotated',
  'webhook.old_secret_expired': 'Old secret of a webhook ended',
  'session.created': 'Signed in',
  'session.ended': 'Session ended',
  'totp.activated': 'Second factor set up',
  'totp.removed': 'Second factor removed',
  'application.token_rotated': 'New token for an application',
  'application.token_revoked': 'Token of an application revoked',
  'incoming_webhook.regenerated': 'New URL for an incoming webhook',
  'command.regenerated': 'New token for a command',
  'workspace.plan_changed': 'Plan of the workspace changed',
  'connection.approval_begun': 'Approval of a connection begun',
  'connection.token_read': 'Access token of a connection read',
  'connection.needs_reconnecting': 'A connection needs reconnecting',
};

/** An action as people say it: incoming_webhook.created is “Incoming webhook created”. */
export function actionName(action: Action): string {
  const words = SPECIAL[action] ?? action.replace(/[._]/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
