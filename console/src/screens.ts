/** The screens by their address. Nothing here belongs to React, so the first script can already ask for the right one. */

import type { QueryClient } from '@tanstack/react-query';

/** Asks the API for what a screen shows at first, before it is rendered, so that it is rendered once and whole. */
export type Prefetch = (client: QueryClient, parameters: Record<string, string | undefined>) => Promise<unknown>;

export type Screen = { default: () => React.ReactNode; prefetch?: Prefetch };

export const INVITATION = '/me/invitation';

export const SCREENS = {
  [INVITATION]: () => import('./pages/invitation'),
  '/settings/overview': () => import('./pages/overview'),
  '/settings/integrations/connections': () => import('./pages/hub'),
  '/settings/integrations/connections/callback': () => import('./pages/approval'),
  '/settings/integrations/api': () => import('./pages/tokens'),
  '/settings/integrations/api/:id': () => import('./pages/token'),
  '/settings/integrations/webhooks': () => import('./pages/webhooks'),
  '/settings/integrations/webhooks/:id': () => import('./pages/webhook'),
  '/settings/integrations/deliveries/:delivery': () => import('./pages/delivery'),
  '/settings/integrations/incoming-webhooks': () => import('./pages/incoming'),
  '/settings/integrations/incoming-webhooks/:id/translation': () => import('./pages/translation'),
  '/settings/integrations/commands': () => import('./pages/commands'),
  '/settings/integrations/commands/:id': () => import('./pages/command'),
  '/settings/integrations/bots': () => import('./pages/bots'),
  '/settings/integrations/bots/:id': () => import('./pages/bot'),
  '/settings/integrations/bots/:id/callbacks/:callback': () => import('./pages/callback'),
  '/settings/integrations/bots/:id/callbacks/:webhook/deliveries/:delivery': () => import('./pages/callback_delivery'),
  '/settings/integrations/applications': () => import('./pages/applications'),
  '/settings/integrations/applications/:id': () => import('./pages/application'),
  '/settings/integrations/signature': () => import('./pages/signature'),
  '/settings/subscription': () => import('./pages/subscription'),
  '/settings/users': () => import('./pages/users'),
  '/settings/workspace': () => import('./pages/workspace'),
  '/settings/security': () => import('./pages/policy'),
  '/settings/audit': () => import('./pages/audit'),
  '/settings/chats': () => import('./pages/chats'),
  '/chats/:id': () => import('./pages/chat'),
  '/admin/integrations': () => import('./pages/admin'),
  '/me/profile': () => import('./pages/profile'),
  '/me/agent': () => import('./pages/agent'),
  '/me/agent/:webhook': () => import('./pages/agent_webhook'),
  '/me/agent/:webhook/deliveries/:delivery': () => import('./pages/agent_delivery'),
  '/me/notifications': () => import('./pages/notifications'),
  '/me/security': () => import('./pages/security'),
} satisfies Record<string, () => Promise<Screen>>;

/** The screen of an address, as far as the first script can tell; the router decides. */
export function screenAt(address: string): (() => Promise<Screen>) | undefined {
  if (address === '/') return SCREENS['/settings/overview'];
  const shape = (path: string) => new RegExp(`^${path.replace(/:[a-z]+/g, '[^/]+')}$`);
  return Object.entries(SCREENS).find(([path]) => shape(path).test(address))?.[1];
}
