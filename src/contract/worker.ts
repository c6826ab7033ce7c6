/**
 * What a page and its service worker say to each other, by `postMessage` (the channel is for peers; this is
 * for settings). Either side may be of another version: `tabaton` is the only field both must agree on, and
 * on another number each goes on by itself.
 */

/** Version of these messages; a change that an older side would misread raises it. */
export const WORKER_PROTOCOL = 1;

/** `attach`: pages may hold tokens, too. `sealed`: only the worker does. */
export type WorkerMode = 'attach' | 'sealed';

/** An API whose requests the worker signs. */
export interface WorkerApi {
  /** Scheme, host and port: `https://api.example.com`. */
  origin: string;
  /**
   * Whole path segments: `/v1` is `/v1` and `/v1/x`, never `/v10`. Without a path only `fetch`, XHR and
   * EventSource are signed; with one also `<img crossorigin>`, `<audio crossorigin>` and the like.
   */
  path?: string;
  /** Space separated. */
  scope?: string;
  /** Absolute URI (RFC 8707). */
  resource?: string;
  /** Sign top-level and frame navigations as well (GET only, this origin only). Default false. */
  navigations?: boolean;
}

/** The refresh endpoint as the worker can be told of it: no functions, nothing secret. */
export interface WorkerRoutes {
  /** URL of the refresh route. */
  refresh: string;
  /** URL of the logout route. */
  logout?: string;
  /** Requests to these are left alone like the other two, and after a login the worker asks who is signed in. */
  login?: string;
  /** URL that says who is signed in, if there is one: a request to it is no login. */
  session?: string;
  /** Sent besides tabaton's own. */
  headers?: Record<string, string>;
  /** Sent instead of tabaton's own; an object travels as JSON. */
  body?: string | Record<string, unknown>;
  /** Default `include`. */
  credentials?: 'omit' | 'same-origin' | 'include';
}

/** Settings of a worker; kept on disk, so that a restarted worker knows them. Nothing in it is secret. */
export interface WorkerConfig {
  /** Where to refresh: a mount, or its routes. Default `/auth`. */
  endpoint: string | WorkerRoutes;
  /** Whose requests the worker signs. Default: this origin's. */
  apis: WorkerApi[];
  /** Default `attach`. */
  mode: WorkerMode;
  /** How much of the wire contract the backend speaks. Default `auto`. */
  level?: 'auto' | 'plain' | 'fenced' | 'full';
  /** Longest request body in bytes that is kept for one replay. Default 1 MiB. */
  replayLimit?: number;
  /** Milliseconds before expiry at which to refresh. Default 60 000. */
  refreshAhead?: number;
  /** Milliseconds of slack at expiry. Default 2 000. */
  clockTolerance?: number;
  /** Milliseconds a request waits for a token in all. Default 30 000. */
  timeout?: number;
}

/** Page → worker. Each is answered with {@link Welcome} on the port that came with it. */
export interface ToWorker {
  tabaton: number;
  /** `REPORT`: how does the session stand? For pages of a sealed one. `START`: a login has just happened; then report. */
  type: 'CONFIGURE' | 'CLAIM' | 'TAKE_OVER' | 'REPORT' | 'START';
  config?: WorkerConfig;
}

/** Worker → page. */
export interface Welcome {
  tabaton: number;
  /** Of the worker's package. */
  version: string;
  mode?: WorkerMode;
  /** Answer to `CONFIGURE`: a sealed worker keeps what it has, because this asks for more. */
  refused?: 'sealed';
  /** Answer to `REPORT` and `START`; never a token. */
  report?: unknown;
}
