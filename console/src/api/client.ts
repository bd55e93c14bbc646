import createClient, { type Middleware } from 'openapi-fetch';

import { taken } from '../early';
import type { components, paths } from './schema';
import { session } from './session';

export type Schemas = components['schemas'];

/** A refusal of the API, or no answer at all. `fields` holds the details by field, for forms; `places` by JSON pointer. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly kind: string,
    detail: string,
    readonly requestId: string | null,
    readonly fields: Record<string, string> = {},
    readonly places: Record<string, string> = {},
  ) {
    super(detail);
  }
}

const KIND = 'urn:ferryman:problem:';
export const SECOND_FACTOR = 'second-factor-required';

async function refusal(response: Response): Promise<ApiError> {
  const id = response.headers.get('X-Request-Id');
  try {
    const problem = (await response.clone().json()) as Partial<Schemas['Problem']>;
    const fields: Record<string, string> = {};
    const places: Record<string, string> = {};
    for (const { pointer, detail } of problem.errors ?? []) {
      const [, name] = pointer.split('/');
      if (name) fields[name] ??= detail;
      places[pointer] ??= detail;
    }
    const kind = (problem.type ?? '').replace(KIND, '');
    return new ApiError(response.status, kind, problem.detail ?? response.statusText, problem.request_id ?? id, fields, places);
  } catch {
    return new ApiError(response.status, 'unreadable', `The API answered ${response.status}.`, id);
  }
}

const guard: Middleware = {
  onRequest({ request }) {
    const token = session.token();
    if (token) request.headers.set('Authorization', `Bearer ${token}`);
    return request;
  },
  async onResponse({ request, response }) {
    if (response.ok) return response;
    const error = await refusal(response);
    const asked = request.headers.get('Authorization');
    if (error.status === 401 && asked !== null && asked === `Bearer ${session.token() ?? ''}`) session.end('expired');
    throw error;
  },
  onError() {
    return new ApiError(0, 'no-answer', 'The API did not answer. Check your connection, then try again.', null);
  },
};

export const api = createClient<paths>({
  baseUrl: window.location.origin,
  fetch: (request) => taken(request) ?? fetch(request),
});
api.use(guard);

/** The body of a successful answer. Refusals are thrown before. */
export async function body<T>(answer: Promise<{ data?: T }>): Promise<NonNullable<T>> {
  const { data } = await answer;
  return data as NonNullable<T>;
}

/** Waits for a successful answer without a body. */
export async function done(answer: Promise<unknown>): Promise<void> {
  await answer;
}
