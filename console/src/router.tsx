import { createBrowserRouter, type LazyRouteFunction, redirect, type RouteObject } from 'react-router';

import { Broken, Missing } from './pages/missing';
import { Waiting } from './parts/layout';
import { INVITATION, type Screen, SCREENS } from './screens';
import { SignedIn } from './shell';

const lazily = (load: () => Promise<Screen>): LazyRouteFunction<RouteObject> => {
  return async () => {
    const { default: Component, prefetch } = await load();
    return { Component, handle: prefetch };
  };
};
const screen = (path: string, load: () => Promise<Screen>): RouteObject => ({ path, lazy: lazily(load) });
const moved = (path: string, to: string): RouteObject => ({ path, loader: () => redirect(to) });

const { [INVITATION]: invitation, ...screens } = SCREENS;

const ROUTES: RouteObject[] = [
  {
    errorElement: <Broken />,
    hydrateFallbackElement: <Waiting />,
    children: [
      screen(INVITATION, invitation),
      {
        element: <SignedIn />,
        children: [
          moved('/', '/settings/overview'),
          moved('/settings/integrations', '/settings/integrations/connections'),
          moved('/settings/integrations/integrations', '/settings/integrations/connections'),
          ...Object.entries(screens).map(([path, load]) => screen(path, load)),
          { path: '*', element: <Missing /> },
        ],
      },
    ],
  },
];

export function startRouter() {
  return createBrowserRouter(ROUTES);
}
