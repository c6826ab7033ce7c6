/** What the server saw, in the order in which it saw it. Tests count here, never on a clock. */
export type Route = 'refresh' | 'login' | 'logout' | 'session' | 'events' | 'other' | 'api' | 'page';

export interface Entry {
  readonly seq: number;
  readonly route: Route;
  readonly method: string;
  readonly path: string;
  /** Name of the context that sent it, from its address (`?name=`). */
  readonly from: string;
  /** Monotonic ms of the server process, at arrival. */
  readonly at: number;
  /** Local port of the browser's end of the connection: two entries with one value shared a connection. */
  readonly connection: number;
  /** Attempt id of a refresh. */
  readonly attempt: string | undefined;
  readonly cookie: string;
  readonly body: string;
  readonly bearer: string | undefined;
  readonly range: string | undefined;
  /** True once the backend behind the fault layer has done its work. */
  acted: boolean;
  /** What the backend answered, whether or not the browser ever saw it. */
  status: number | undefined;
  json: Record<string, unknown> | undefined;
  setCookies: string[];
  /** What was put on the wire; undefined while held, `cut` when the socket was destroyed. */
  sent: number | 'cut' | undefined;
  /** The browser went away before the answer was complete. */
  gone: boolean;
}

export interface Journal {
  readonly entries: readonly Entry[];
  add(entry: Omit<Entry, 'seq'>): Entry;
  of(route: Route): Entry[];
  /** Counting starts anew; entries still in flight finish unseen. */
  clear(): void;
}

export function journal(): Journal {
  let entries: Entry[] = [];
  let seq = 0;
  return {
    get entries() {
      return entries;
    },
    add(fields) {
      seq += 1;
      const entry: Entry = { seq, ...fields };
      entries.push(entry);
      return entry;
    },
    of: (route) => entries.filter((entry) => entry.route === route),
    clear() {
      entries = [];
    },
  };
}
