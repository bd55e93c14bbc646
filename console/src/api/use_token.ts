import { useSyncExternalStore } from 'react';

import { session } from './session';

export function useToken(): string | null {
  return useSyncExternalStore(session.listen, session.token);
}
