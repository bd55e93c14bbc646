import { createBrowserRouter, type LazyRouteFunction, Navigate, type RouteObject } from 'react-router';

import { SignedIn } from './shell';
import { Broken, Missing } from './pages/missing';

type Screen = { default: () => React.ReactNode };

const page = (load: () => Promise<Screen>): LazyRouteFunction<RouteObject> => {
  return async () => ({ Component: (await load()).default });
};

export const router = createBrowserRouter([
  { path: '/me/invitation', lazy: page(() => import('./pages/invitation')), errorElement: <Broken /> },
  {
    element: <SignedIn />,
    errorElement: <Broken />,
    children: [
      { path: '/', element: <Navigate to="/settings/overview" replace /> },
      { path: '/settings/overview', lazy: page(() => import('./pages/overview')) },
      { path: '/settings/integrations', element: <Navigate to="/settings/integrations/api" replace /> },
      { path: '/settings/integrations/api', lazy: page(() => import('./pages/tokens')) },
      { path: '/settings/integrations/api/:id', lazy: page(() => import('./pages/token')) },
      { path: '/settings/integrations/webhooks', lazy: page(() => import('./pages/webhooks')) },
      { path: '/settings/integrations/webhooks/:id', lazy: page(() => import('./pages/webhook')) },
      { path: '/settings/integrations/deliveries/:delivery', lazy: page(() => import('./pages/delivery')) },
      { path: '*', element: <Missing /> },
    ],
  },
]);
