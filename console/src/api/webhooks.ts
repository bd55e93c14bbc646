import { queryOptions } from '@tanstack/react-query';

import { api, type ApiError, body, done, type Schemas } from './client';
import type { Page } from './queries';

export type Webhook = Schemas['WebhookOut'];
export type WebhookCreated = Schemas['WebhookCreated'];
export type Delivery = Schemas['DeliveryOut'];
export type DeliveryRead = Schemas['DeliveryRead'];
export type Replay = Schemas['ReplayOut'];
export type WebhookFilter = { name?: string; url?: string; state?: Schemas['WebhookState']; event?: Schemas['EventType'] };
export type DeliveryFilter = {
  state?: Schemas['DeliveryState'];
  event_type?: Schemas['EventType'];
  result?: Schemas['Result'];
  since?: string;
  until?: string;
};

/**
 * One kind of webhook. All kinds have the same routes below their own address (a test of the API holds that), so all of
 * them are called through the types of the workspace's webhooks.
 */
export type WebhookKind = ReturnType<typeof kind>;

function kind(options: {
  name: 'workspace' | 'personal' | 'callback';
  base: string;
  delivery: (webhookId: string) => string;
  page: string;
  deliveryPage: (webhookId: string, deliveryId: string) => string;
}) {
  const at = <S extends string>(suffix: S) => `${options.base}${suffix}` as `/v1/webhooks${S}`;
  const deliveryAt = <S extends string>(webhookId: string, suffix: S) =>
    `${options.delivery(webhookId)}/{delivery_id}${suffix}` as `/v1/deliveries/{delivery_id}${S}`;
  const one = (webhook_id: string) => ({ params: { path: { webhook_id } } });
  const key = [options.base];
  return {
    name: options.name,
    key,
    page: options.page,
    detailPage: (id: string) => `${options.page}/${id}`,
    deliveryPage: options.deliveryPage,
    list: (cursor?: string, filter: WebhookFilter = {}): Promise<Page<Webhook>> =>
      body(api.GET(at(''), { params: { query: { ...filter, cursor } } })),
    read: (id: string): Promise<Webhook> => body(api.GET(at('/{webhook_id}'), one(id))),
    create: (input: Schemas['WebhookIn']): Promise<WebhookCreated> => body(api.POST(at(''), { body: input })),
    edit: (id: string, input: Schemas['WebhookPatch']): Promise<Webhook> =>
      body(api.PATCH(at('/{webhook_id}'), { ...one(id), body: input })),
    remove: (id: string) => done(api.DELETE(at('/{webhook_id}'), one(id))),
    test: (id: string, event_type: Schemas['EventType'] | null): Promise<Delivery> =>
      body(api.POST(at('/{webhook_id}/test'), { ...one(id), body: { event_type } })),
    rotate: (id: string, overlap_hours: number): Promise<WebhookCreated> =>
      body(api.POST(at('/{webhook_id}/rotate-secret'), { ...one(id), body: { overlap_hours } })),
    expire: (id: string): Promise<Webhook> => body(api.POST(at('/{webhook_id}/expire-old-secret'), one(id))),
    deliveries: (id: string, filter: DeliveryFilter, cursor?: string): Promise<Page<Delivery>> =>
      body(
        api.GET(at('/{webhook_id}/deliveries'), { params: { path: { webhook_id: id }, query: { ...filter, cursor } } }),
      ),
    delivery: (id: string, delivery_id: string): Promise<DeliveryRead> =>
      body(api.GET(deliveryAt(id, ''), { params: { path: { delivery_id } } })),
    retry: (id: string, delivery_id: string): Promise<Delivery> =>
      body(api.POST(deliveryAt(id, '/retry'), { params: { path: { delivery_id } } })),
    replays: (id: string, cursor?: string): Promise<Page<Replay>> =>
      body(api.GET(at('/{webhook_id}/replays'), { params: { path: { webhook_id: id }, query: { cursor } } })),
    preview: (id: string, input: Schemas['ReplayIn']): Promise<Schemas['ReplayPreview']> =>
      body(api.POST(at('/{webhook_id}/replays/preview'), { ...one(id), body: input })),
    replay: (id: string, input: Schemas['ReplayIn']): Promise<Replay> =>
      body(api.POST(at('/{webhook_id}/replays'), { ...one(id), body: input })),
    readReplay: (id: string, replay_id: string): Promise<Replay> =>
      body(api.GET(at('/{webhook_id}/replays/{replay_id}'), { params: { path: { webhook_id: id, replay_id } } })),
    cancelReplay: (id: string, replay_id: string): Promise<Replay> =>
      body(
        api.POST(at('/{webhook_id}/replays/{replay_id}/cancel'), { params: { path: { webhook_id: id, replay_id } } }),
      ),
  };
}

export function webhookQuery(of: WebhookKind, id: string) {
  return queryOptions<Webhook, ApiError>({ queryKey: [...of.key, id], queryFn: () => of.read(id) });
}

export function deliveryKey(of: WebhookKind, webhookId: string, id: string) {
  return [...of.key, webhookId, 'delivery', id];
}

export const WORKSPACE = kind({
  name: 'workspace',
  base: '/v1/webhooks',
  delivery: () => '/v1/deliveries',
  page: '/settings/integrations/webhooks',
  deliveryPage: (_, id) => `/settings/integrations/deliveries/${id}`,
});

export const PERSONAL = kind({
  name: 'personal',
  base: '/v1/me/webhooks',
  delivery: (id) => `/v1/me/webhooks/${id}/deliveries`,
  page: '/me/agent',
  deliveryPage: (webhook, id) => `/me/agent/${webhook}/deliveries/${id}`,
});

export function callbacks(botId: string): WebhookKind {
  const page = `/settings/integrations/bots/${botId}/callbacks`;
  return kind({
    name: 'callback',
    base: `/v1/bots/${botId}/callbacks`,
    delivery: (id) => `/v1/bots/${botId}/callbacks/${id}/deliveries`,
    page,
    deliveryPage: (webhook, id) => `${page}/${webhook}/deliveries/${id}`,
  });
}
