/** tabaton: one refresh for every tab. */
import { checkOptions, createPorts, here, type SessionOptions } from './browser/index.js';
import { defaults } from './core/defaults.js';
import { TabatonError } from './core/errors.js';
import { part } from './core/promptly.js';
import { createCoreSession } from './core/session.js';
import { initial, snapshotOf } from './core/state.js';
import type { CoreSession, WorkerState } from './core/types.js';
import type { WorkerLink, WorkerRegistration } from './browser/worker-link.js';

/** One context's view of the origin's session. */
export interface Session extends CoreSession {
  /**
   * `fetch` with the token of the configured APIs. On 401 one refresh and one replay.
   * Without a token only while nobody is signed in; when the session has ended it rejects.
   *
   * @throws TabatonError as `getToken`; what `fetch` throws otherwise.
   * @see RFC 6750 §2.1
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /** The service worker that signs the requests of pages, if there is to be one. */
  readonly worker: SessionWorker;
}

/** The service worker, as a page sees it. What goes wrong is told by `problem` events; the page goes on by itself meanwhile. */
export interface SessionWorker {
  /** How the worker stands to this page. */
  readonly state: WorkerState;
  /**
   * Registers the worker and tells it whose requests to sign. Call it on every load; it never reloads, and rejects only where
   * `url` is none or its own part of this package cannot be loaded.
   *
   * @example
   * await session.worker.register({ url: '/tabaton-sw.js', apis: [{ origin: 'https://api.example.com' }] });
   */
  register(options: WorkerRegistration): Promise<WorkerState>;
  /** The worker signs nothing any more and goes when its last page is closed. */
  unregister(): Promise<void>;
}

/** On a server: touches no global, knows nobody, and lets a page render as `starting`. */
const inert = (): Session => {
  const snapshot = snapshotOf(initial);
  const refuse = async (): Promise<never> => {
    throw new TabatonError('disposed', 'This session was created outside a browser: use it in the browser, and `endpoint.token(request)` on the server.');
  };
  const nothing = () => {};
  return {
    getToken: refuse,
    refresh: refuse,
    start: refuse,
    signIn: refuse,
    signOut: refuse,
    fetch: refuse,
    worker: { state: 'none', register: async () => 'none', unregister: async () => {} },
    peek: () => undefined,
    isExpiring: () => true,
    subscribe: () => nothing,
    on: () => nothing,
    getSnapshot: () => snapshot,
    dispose: nothing,
    [Symbol.dispose]: nothing,
  };
};

/**
 * A session for this tab, iframe or worker; all contexts that name the same endpoint are one client.
 *
 * @throws TabatonError `invalid_option`, with a sentence that names the option and what to write.
 * @example
 * const session = createSession();
 * const response = await session.fetch('/api/me');
 */
export const createSession = (options: SessionOptions = {}): Session => {
  checkOptions(options);
  if (typeof location === 'undefined') return inert();
  const { ports, name, routes } = createPorts(options.endpoint);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as SessionOptions;
  const { session, context } = createCoreSession(ports, { ...defaults, ...given }, name, {
    protocol: async () => {
      const { createProtocol, createEndpoint, createKeeperLater } = await import('./browser/refreshing.js');
      return { createProtocol, ports: { endpoint: { ...ports.endpoint, ...createEndpoint(options.endpoint ?? '/auth', routes, ports.lifecycle.kind) }, keeper: createKeeperLater(ports.clock) } };
    },
    leadership: () => import('./core/leadership.js'),
  });
  const { apis = [{ origin: new URL(here()).origin }], isUnauthorized, replayLimit, timeout = defaults.timeout } = given;
  const prepare = () =>
    import('./clients/fetch.js').then(({ createFetch }) =>
      createFetch(session, { apis, isUnauthorized, replayLimit, fetch: (request) => fetch(request), controlled: async () => (await import('./browser/keeper.js')).controller(ports.clock), rejected: (event) => context.emit('rejected', event) }),
    );
  let prepared: ReturnType<typeof prepare> | undefined;
  let link: WorkerLink | undefined;
  const linked = async () => {
    const { createWorkerLink } = await import('./browser/worker-link.js');
    return (link ??= createWorkerLink(context, given, routes, given.mode ?? 'attach'));
  };
  return Object.assign(session, {
    worker: {
      get state() {
        return link?.state ?? 'none';
      },
      register: async (worker: WorkerRegistration) => (await linked()).register(worker),
      unregister: async () => (await linked()).unregister(),
    },
    fetch: async (input: RequestInfo | URL, init?: RequestInit) => {
      const send = await part(ports.clock, (prepared ??= prepare()), timeout, () => (prepared = undefined));
      return send(input, init);
    },
  });
};

export { TabatonError, isTabatonError, type ErrorCode, type ErrorDetails } from './core/errors.js';
export type { WorkerRegistration } from './browser/worker-link.js';
export type { WorkerApi, WorkerMode, WorkerRoutes } from './contract/worker.js';
export type { EndedReason } from './contract/wire.js';
export type { ApiOption, EndpointCall, EndpointFunction, EndpointOption, EndpointRoutes, Given, SessionOptions } from './browser/index.js';
export type {
  AbortSignalLike,
  Activity,
  Connection,
  CoreOptions,
  CoreSession,
  EventName,
  GetTokenOptions,
  GrantInput,
  Level,
  ProblemCode,
  RefreshOptions,
  RefreshReason,
  Role,
  SessionEndReason,
  SessionEvents,
  Snapshot,
  Status,
  TokenTarget,
  WorkerState,
} from './core/types.js';
