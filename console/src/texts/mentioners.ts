import type { Schemas } from '../api/client';

/** The texts of the field that says who calls a bot's callback by mentioning the bot. */
export const mentioners = {
  label: 'Called by mentions of',
  about: 'Two bots, or a bot and a program, call each other at most twenty times a minute, so that no loop goes on for ever.',
  names: {
    user: 'People',
    bot: 'Other bots',
    program: 'Programs: incoming webhooks, applications, answers of outgoing webhooks',
  } satisfies Record<Schemas['MentionedBy'], string>,
};
