import { createBrowserRouter, type LazyRouteFunction, Navigate, type RouteObject } from 'react-router';

import { SignedIn } from './shell';
import { Broken, Missing } from './pages/missing';
import { Waiting } from './parts/layout';

type Screen = { default: () => React.ReactNode };

const page = (load: () => Promise<Screen>): LazyRouteFunction<RouteObject> => {
  return async () => ({ Component: (await load()).default });
};

export const router = createBrowserRouter([
  {
    path: '/me/invitation',
    lazy: page(() => import('./pages/invitation')),
    errorElement: <Broken />,
    hydrateFallbackElement: <Waiting />,
  },
  {
    element: <SignedIn />,
    hydrateFallbackElement: <Waiting />,
    errorElement: <Broken />,
    children: [
      { path: '/', element: <Navigate to="/settings/overview" replace /> },
      { path: '/settings/overview', lazy: page(() => import('./pages/overview')) },
      { path: '/settings/integrations', element: <Navigate to="/settings/integrations/connections" replace /> },
      { path: '/settings/integrations/integrations', element: <Navigate to="/settings/integrations/connections" replace /> },
      { path: '/settings/integrations/connections', lazy: page(() => import('./pages/hub')) },
      { path: '/settings/integrations/connections/callback', lazy: page(() => import('./pages/approval')) },
      { path: '/settings/integrations/api', lazy: page(() => import('./pages/tokens')) },
      { path: '/settings/integrations/api/:id', lazy: page(() => import('./pages/token')) },
      { path: '/settings/integrations/webhooks', lazy: page(() => import('./pages/webhooks')) },
      { path: '/settings/integrations/webhooks/:id', lazy: page(() => import('./pages/webhook')) },
      { path: '/settings/integrations/deliveries/:delivery', lazy: page(() => import('./pages/delivery')) },
      { path: '/settings/integrations/incoming-webhooks', lazy: page(() => import('./pages/incoming')) },
      { path: '/settings/integrations/incoming-webhooks/:id/translation', lazy: page(() => import('./pages/translation')) },
      { path: '/settings/integrations/commands', lazy: page(() => import('./pages/commands')) },
      { path: '/settings/integrations/commands/:id', lazy: page(() => import('./pages/command')) },
      { path: '/settings/integrations/bots', lazy: page(() => import('./pages/bots')) },
      { path: '/settings/integrations/bots/:id', lazy: page(() => import('./pages/bot')) },
      { path: '/settings/integrations/bots/:id/callbacks/:callback', lazy: page(() => import('./pages/callback')) },
      {
        path: '/settings/integrations/bots/:id/callbacks/:webhook/deliveries/:delivery',
        lazy: page(() => import('./pages/delivery_of')),
      },
      { path: '/settings/integrations/applications', lazy: page(() => import('./pages/applications')) },
      { path: '/settings/integrations/applications/:id', lazy: page(() => import('./pages/application')) },
      { path: '/settings/integrations/signature', lazy: page(() => import('./pages/signature')) },
      { path: '/settings/subscription', lazy: page(() => import('./pages/subscription')) },
      { path: '/settings/users', lazy: page(() => import('./pages/users')) },
      { path: '/settings/security', lazy: page(() => import('./pages/policy')) },
      { path: '/settings/audit', lazy: page(() => import('./pages/audit')) },
      { path: '/settings/chats', lazy: page(() => import('./pages/chats')) },
      { path: '/chats/:id', lazy: page(() => import('./pages/chat')) },
      { path: '/admin/integrations', lazy: page(() => import('./pages/admin')) },
      { path: '/me/profile', lazy: page(() => import('./pages/profile')) },
      { path: '/me/agent', lazy: page(() => import('./pages/agent')) },
      { path: '/me/agent/:webhook', lazy: page(() => import('./pages/agent_webhook')) },
      { path: '/me/agent/:webhook/deliveries/:delivery', lazy: page(() => import('./pages/delivery_of')) },
      { path: '/me/notifications', lazy: page(() => import('./pages/notifications')) },
      { path: '/me/security', lazy: page(() => import('./pages/security')) },
      { path: '*', element: <Missing /> },
    ],
  },
]);
