import type { Schemas } from './client';

/** Whether the person's role covers a scope. It decides what is shown; the API decides what is allowed. */
export function covers(me: Schemas['MeOut'] | undefined, scope: Schemas['Scope']): boolean {
  return me !== undefined && (me.scopes.includes(scope) || me.scopes.includes('admin:*'));
}
