import { infiniteQueryOptions, queryOptions, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from 'react-router';

import { notifyDone, notifyError } from '../parts/notify';
import { api, ApiError, body, type Schemas } from './client';

export type Page<T> = { items: T[]; next_cursor?: string | null };
export type Listing<T> = ReturnType<typeof useListing<T>>;

/** A list of the API, page by page. `load` gets the cursor of the page that is wanted. */
export function listing<T>(key: readonly unknown[], load: (cursor: string | undefined) => Promise<Page<T>>) {
  return infiniteQueryOptions({
    queryKey: key,
    queryFn: ({ pageParam }) => load(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
}

export function useListing<T>(
  key: readonly unknown[],
  load: (cursor: string | undefined) => Promise<Page<T>>,
  options: { refresh?: number; enabled?: boolean } = {},
) {
  const query = useInfiniteQuery({
    ...listing(key, load),
    refetchInterval: options.refresh ?? false,
    enabled: options.enabled ?? true,
  });
  return {
    items: query.data?.pages.flatMap((page) => page.items),
    error: query.error as ApiError | null,
    pending: query.isPending,
    more: query.hasNextPage,
    loadingMore: query.isFetchingNextPage,
    loadMore: () => void query.fetchNextPage(),
    refetch: () => void query.refetch(),
  };
}

/** A change through the API: refreshes the lists that it touches, and says how it ended. */
export function useChange<In, Out>(
  change: (input: In) => Promise<Out>,
  options: { touches: readonly unknown[][]; done?: string | ((out: Out) => string); quiet?: boolean },
) {
  const client = useQueryClient();
  return useMutation<Out, ApiError, In>({
    mutationFn: change,
    onSuccess: async (out) => {
      if (options.done) notifyDone(typeof options.done === 'string' ? options.done : options.done(out));
      await Promise.all(options.touches.map((queryKey) => client.invalidateQueries({ queryKey })));
    },
    onError: (error) => {
      if (!options.quiet) notifyError(error);
    },
  });
}

/** Removes a thing, then opens the page that it was listed on. */
export function useRemoval(remove: () => Promise<void>, { back, ...options }: { touches: readonly unknown[][]; done: string; back: string }) {
  const navigate = useNavigate();
  const change = useChange(remove, options);
  return async () => {
    await change.mutateAsync(undefined);
    await navigate(back);
  };
}

export const meQuery = queryOptions<Schemas['MeOut'], ApiError>({
  queryKey: ['me'],
  queryFn: () => body(api.GET('/v1/me')),
  staleTime: 60_000,
});

export function useMe() {
  return useQuery(meQuery);
}

export function useWorkspace() {
  return useQuery<Schemas['WorkspaceOut'], ApiError>({ queryKey: ['workspace'], queryFn: () => body(api.GET('/v1/workspace')) });
}

const EVERYTHING = 100;

async function all<T>(load: (cursor: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await load(cursor);
    items.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor && items.length < 1000);
  return items;
}

/** The chats that the caller sees; those alone in which this person or bot is, when one is named. */
export function chatsOf(user_id?: string): Promise<Schemas['ChatOut'][]> {
  const filter = user_id ? { user_id } : {};
  return all((cursor) => body(api.GET('/v1/chats', { params: { query: { ...filter, cursor, limit: EVERYTHING } } })));
}

export function useChats() {
  return useQuery<Schemas['ChatOut'][], ApiError>({
    queryKey: ['chats', 'all'],
    queryFn: () => chatsOf(),
    staleTime: 30_000,
  });
}

export function useUsers() {
  return useQuery<Schemas['UserOut'][], ApiError>({
    queryKey: ['users', 'all'],
    queryFn: () => all((cursor) => body(api.GET('/v1/users', { params: { query: { cursor, limit: EVERYTHING } } }))),
    staleTime: 30_000,
  });
}

export function useEventTypes() {
  return useQuery<Schemas['EventTypeOut'][], ApiError>({
    queryKey: ['event-types'],
    queryFn: async () => (await body(api.GET('/v1/event-types'))).items,
    staleTime: Infinity,
  });
}
