import type { Schemas } from './api/client';
import { useMe } from './api/queries';

/** Whether the person's role covers a scope. It decides what is shown; the API decides what is allowed. */
export function covers(me: Schemas['MeOut'] | undefined, scope: Schemas['Scope']): boolean {
  return me !== undefined && (me.scopes.includes(scope) || me.scopes.includes('admin:*'));
}

export function useMay(scope: Schemas['Scope']): boolean {
  return covers(useMe().data, scope);
}
