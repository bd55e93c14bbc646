import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from 'react-router';

import { ApiError } from './api/client';
import { meQuery } from './api/queries';
import { session } from './api/session';
import { Notices } from './parts/notices';
import { startRouter } from './router';
import type { Prefetch } from './screens';

const PATIENCE = 1000; // milliseconds, after which skeletons show that the API is slow

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5000,
      // A refusal is an answer; only a busy or unreachable API is asked again.
      retry: (count, error) => count < 2 && error instanceof ApiError && (error.status === 0 || error.status === 503),
    },
  },
});

// The next person sees nothing that the one before saw.
session.listen(() => {
  if (session.token() === null) client.clear();
});

let router: ReturnType<typeof startRouter> | undefined;

export function Application() {
  return (
    <QueryClientProvider client={client}>
      <Notices />
      {router && <RouterProvider router={router} />}
    </QueryClientProvider>
  );
}

/** Waits for the code of the screen, and a moment for what it shows, so that it is shown once and whole. */
export async function ready(): Promise<void> {
  await nextTask();
  router ??= startRouter();
  await Promise.all([
    initialized(router),
    session.token() !== null && inTime(client.prefetchQuery({ ...meQuery, retry: false })),
  ]);
  const match = router.state.matches.at(-1);
  const prefetch = match?.route.handle as Prefetch | undefined;
  const me = client.getQueryData(meQuery.queryKey);
  if (prefetch && me && !me.must_enrol) await inTime(prefetch(client, match?.params ?? {}));
}

/** A browser that has just read the code paints and listens before it goes on. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

function inTime(work: Promise<unknown>): Promise<unknown> {
  return Promise.race([work, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
}

function initialized(started: ReturnType<typeof startRouter>): Promise<void> {
  return new Promise((resolve) => {
    if (started.state.initialized) {
      resolve();
      return;
    }
    const stop = started.subscribe((state) => {
      if (!state.initialized) return;
      stop();
      resolve();
    });
  });
}
