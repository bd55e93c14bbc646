import { covers } from './api/covers';
import type { Schemas } from './api/client';
import { session } from './api/session';

/*
 * Answers of the API that the first script asks for while the code of the screen is still on its way. The client takes
 * each of them once instead of asking. A screen that asks for something else gets it as it always does, only later.
 */
const KEPT = 30_000; // milliseconds, after which an answer that nobody took is too old
const DAY = 86_400_000;
const answers = new Map<string, Promise<Response>>();

function keyOf(authorization: string | null, path: string): string {
  return `${authorization ?? ''} ${path}`;
}

/** `then` is called with a good answer before anybody can take it, so that what it asks for is asked for early as well. */
function ask<T>(path: string, then?: (found: T) => void): void {
  const authorization = `Bearer ${session.token() ?? ''}`;
  const answer = fetch(path, { headers: { Authorization: authorization } }).then(async (response) => {
    if (then && response.ok) then((await response.clone().json()) as T);
    return response;
  });
  answer.catch(() => undefined); // whoever takes it says why
  answers.set(keyOf(authorization, path), answer);
}

/** The answer to this request, if it was asked for early. */
export function taken(request: Request): Promise<Response> | undefined {
  if (request.method !== 'GET') return undefined;
  const key = keyOf(request.headers.get('Authorization'), request.url.slice(window.location.origin.length));
  const answer = answers.get(key);
  answers.delete(key);
  return answer;
}

/** The deliveries that the overview looks for: those given up within a day, counted from the last full minute. */
export function givenUp() {
  return { state: 'exhausted' as const, since: new Date(new Date().setSeconds(0, 0) - DAY).toISOString(), limit: 100 };
}

export const MOST_COUNTED = 100; // webhooks that are counted for a screen

/** Asks who the session's person is, then for all that the screen at this address shows to them. */
export function begin(address: string): void {
  setTimeout(() => answers.clear(), KEPT);
  ask<Schemas['MeOut']>('/v1/me', (me) => {
    if (me.must_enrol) return;
    if (address === '/' || address === '/settings/overview') beginOverview(me);
    const delivery = /^\/settings\/integrations\/deliveries\/([^/]+)$/.exec(address)?.[1];
    if (delivery && covers(me, 'webhooks:read')) beginDelivery(delivery);
  });
}

function beginOverview(me: Schemas['MeOut']): void {
  if (covers(me, 'tokens:read')) ask('/v1/tokens?status=active');
  if (!covers(me, 'webhooks:read')) return;
  ask('/v1/webhooks');
  const { limit, ...found } = givenUp();
  ask(`/v1/deliveries?${new URLSearchParams({ ...found, limit: String(limit) }).toString()}`);
  ask(`/v1/deliveries/statistics?limit=${MOST_COUNTED}`);
}

function beginDelivery(id: string): void {
  ask<Schemas['DeliveryRead']>(`/v1/deliveries/${id}`, ({ webhook_id }) => ask(`/v1/webhooks/${webhook_id}`));
}
