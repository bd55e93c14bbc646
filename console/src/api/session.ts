/*
 * The session's token: in memory, and in sessionStorage so that a reload keeps it. It is in no URL and in no
 * localStorage; another tab signs in by itself.
 */
const KEY = 'ferryman.session';

export type Ending = 'signed-out' | 'expired' | null;

let token = window.sessionStorage.getItem(KEY);
let ending: Ending = null;
const listeners = new Set<() => void>();

function changed(): void {
  for (const listener of listeners) listener();
}

export const session = {
  listen(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  token: () => token,
  ending: () => ending,
  begin(fresh: string) {
    token = fresh;
    ending = null;
    window.sessionStorage.setItem(KEY, fresh);
    changed();
  },
  end(reason: Ending) {
    token = null;
    ending = reason;
    window.sessionStorage.removeItem(KEY);
    changed();
  },
};
