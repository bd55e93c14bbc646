import { lazy, Suspense, useSyncExternalStore } from 'react';

import { notices } from './notify';

const Notifications = lazy(async () => ({ default: (await import('./notifications')).Notifications }));

/** Where it is said how a change ended. */
export function Notices() {
  const needed = useSyncExternalStore(notices.listen, notices.needed);
  if (!needed) return null;
  return (
    <Suspense>
      <Notifications position="bottom-right" />
    </Suspense>
  );
}
