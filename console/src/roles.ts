import { covers } from './api/covers';
import type { Schemas } from './api/client';
import { useMe } from './api/queries';

export function useMay(scope: Schemas['Scope']): boolean {
  return covers(useMe().data, scope);
}
