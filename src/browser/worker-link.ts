/** The page's half of the service worker: registers it, tells it what to sign, and says in words what is wrong. Loaded when `session.worker` is used. */
import { WORKER_PROTOCOL, type ToWorker, type Welcome, type WorkerApi, type WorkerConfig, type WorkerMode, type WorkerRoutes } from '../contract/worker.js';
import type { Context } from '../core/context.js';
import { promptly } from '../core/promptly.js';
import type { ProblemCode, WorkerState } from '../core/types.js';
import { createLedger } from './ledger.js';
import { checkOptions, type SessionOptions } from './options.js';
import { explain, reach, taken } from './worker-faults.js';
import { claim, postToWorker, serviceWorkers } from './worker-post.js';
import { routesOf, type Routes } from './routes.js';

/** What `session.worker.register` takes. */
export interface WorkerRegistration {
  /** Where the worker's script is: a copy of `tabaton/sw.js`, or your own worker that calls `installWorker`. */
  url: string;
  /** Whose requests the worker signs. Default: the session's `apis`, else this origin. */
  apis?: WorkerApi[];
  /** Where the worker refreshes. Default: the session's `endpoint`, which must have the same mount for the two to be one session. */
  endpoint?: string | WorkerRoutes;
  /** Default: the session's. Give it to `createSession` too: a page that was not told may hold a token until the worker's first request. */
  mode?: WorkerMode;
  /** Default: the folder of the script. */
  scope?: string;
  /** `module` where your own worker is one. Default `classic`. */
  type?: WorkerType;
  /** A new version of the worker replaces the old one at once, under open pages. Default false: when the last of them is closed. */
  takeOver?: boolean;
}

export interface WorkerLink {
  readonly state: WorkerState;
  register(options: WorkerRegistration): Promise<WorkerState>;
  unregister(): Promise<void>;
}

/** A worker that says nothing in this time is not one of ours, or an old one. Ms. */
const WELCOME_MS = 3_000;

/** `undefined` where a worker cannot be told: of functions, or of what no message carries. */
const configOf = (session: SessionOptions, { refresh, logout, session: state, login, name }: Routes, mode: WorkerMode, apis: WorkerApi[]): WorkerConfig | undefined => {
  const { endpoint = '/auth', level, replayLimit, refreshAhead, clockTolerance, timeout } = session;
  const rest = { apis, mode, level, replayLimit, refreshAhead, clockTolerance, timeout };
  if (typeof endpoint === 'string') return { endpoint: name, ...rest };
  if (typeof endpoint === 'function') return;
  const { headers, body, credentials, read } = endpoint;
  const form = body instanceof URLSearchParams;
  // Of a body only what travels as text or JSON: a form, a blob or a stream is the page's own.
  const told = form || typeof body !== 'object' || [Object.prototype, null].includes(Object.getPrototypeOf(body));
  if ([headers, body, read].some((one) => typeof one === 'function') || !told) return;
  const typed = form && !new Headers(headers as HeadersInit).has('Content-Type') && { 'Content-Type': 'application/x-www-form-urlencoded;charset=UTF-8' };
  const parts = { refresh: refresh!, logout, session: state, login, headers: { ...(headers as Record<string, string>), ...typed }, body: form ? `${body}` : body, credentials } as WorkerRoutes;
  try {
    return JSON.parse(JSON.stringify({ endpoint: parts, ...rest }));
  } catch {
    return;
  }
};

export const createWorkerLink = (context: Context, session: SessionOptions, routes: Routes, mode: WorkerMode): WorkerLink => {
  const { clock } = context.ports;
  const container = serviceWorkers();
  let state: WorkerState = 'none';
  const waiters = new Set<() => void>();
  let registration: ServiceWorkerRegistration | undefined;
  let options: WorkerRegistration | undefined;
  let greeted: { worker: ServiceWorker; answer: Promise<Welcome | undefined> } | undefined;
  const watched = new WeakSet<EventTarget>();

  const set = (next: WorkerState): WorkerState => {
    if (state !== next) {
      state = next;
      for (const wake of waiters) wake();
      waiters.clear();
      context.emit('worker', { state });
    }
    return state;
  };
  const problem = (code: ProblemCode, message: string) => {
    context.problem(code, message);
    // Whoever sets a worker up looks at the console first.
    console.warn(`tabaton: ${message}`);
  };

  const ask = (worker: ServiceWorker, type: ToWorker['type'], config?: WorkerConfig) => postToWorker(worker, { type, config }, clock, WELCOME_MS);
  const config = (apis: WorkerApi[]): WorkerConfig | undefined => {
    const { endpoint, mode: wished = mode } = options ?? {};
    return endpoint ? configOf({ ...session, endpoint }, routesOf(endpoint), wished, apis) : configOf(session, routes, wished, apis);
  };
  const apis = (): WorkerApi[] => options?.apis ?? session.apis ?? [{ origin: location.origin }];

  const greet = (worker: ServiceWorker): Promise<Welcome | undefined> => {
    if (greeted?.worker !== worker) greeted = { worker, answer: ask(worker, 'CONFIGURE', config(apis())) };
    return greeted.answer;
  };

  const watch = (target: EventTarget | null | undefined, type: string) => {
    if (!target || watched.has(target)) return;
    watched.add(target);
    target.addEventListener(type, () => void assess());
  };

  const assess = async (): Promise<WorkerState> => {
    const mine = registration;
    if (!mine || !container) return set('none');
    const { active, waiting, installing } = mine;
    watch(mine, 'updatefound');
    watch(container, 'controllerchange');
    for (const worker of [active, waiting, installing]) watch(worker, 'statechange');
    if (waiting && options?.takeOver) void ask(waiting, 'TAKE_OVER');
    if (!active) return set(installing || waiting ? 'installing' : 'none');
    const welcome = await greet(active);
    // Replaced meanwhile, or unregistered: a component that is unmounted does not wait for what it began.
    if (mine !== registration || active !== mine.active) return assess();
    if (welcome?.tabaton !== WORKER_PROTOCOL) {
      problem(
        'worker_incompatible',
        welcome
          ? `The service worker is of tabaton ${welcome.version}, which speaks another protocol: this page goes on by itself. Run \`npx tabaton check\` in CI, and deploy page and worker together.`
          : `The service worker at ${active.scriptURL} does not answer: is it a copy of tabaton/sw.js, or does it call installWorker()? This page goes on by itself.`,
      );
      return set(mine.waiting ? 'waiting' : 'incompatible');
    }
    if (welcome.refused)
      problem(
        'worker_refused',
        'This worker is sealed and keeps its settings: a page can narrow its APIs, not add one, nor change mode or endpoint. Call session.worker.unregister(), close its pages and register() again, or set `apis`, `endpoint` and `mode` in the worker: installWorker({ … }).',
      );
    if (container.controller === active) return set('active');
    const here = await container.getRegistration().catch(() => undefined);
    const far = reach(location.href, mine.scope, active.scriptURL) ?? taken(here?.scope, mine.scope, container.controller?.scriptURL);
    if (far) problem('worker_scope', far);
    else await claim(container, active, clock, WELCOME_MS);
    return mine === registration ? set(container.controller === mine.active ? 'active' : 'uncontrolled') : assess();
  };

  /** One after the other: a component that is mounted twice registers, unregisters and registers in one turn, and the last word counts. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const mine = last.then(run, run);
    last = mine;
    return mine;
  };

  const register = async (wanted: WorkerRegistration): Promise<WorkerState> => {
    const { apis: signed, scope, type, endpoint, mode: wished } = wanted;
    let url: URL;
    let reached: string;
    try {
      checkOptions({ apis: signed, endpoint, mode: wished });
      // As the browser itself reads them: `<base href>` counts, and a scope is not relative to the script.
      const base = globalThis.document?.baseURI ?? location.href;
      url = new URL(wanted.url, base);
      reached = new URL(scope ?? new URL('./', url), base).href;
    } catch (error) {
      problem('worker_unavailable', `session.worker.register() cannot be meant like this, and nothing is registered: ${(error as Error).message}`);
      return set('none');
    }
    options = wanted;
    if (!container) {
      problem('worker_unavailable', explain({ url: url.href }));
      return set('none');
    }
    if (!config([]))
      problem('worker_unavailable', 'This `endpoint` has functions or a body in it that cannot be told to a service worker: write your own worker and call installWorker({ endpoint, apis }) there.');
    if (endpoint && routesOf(endpoint).name !== routes.name)
      problem('endpoint_misconfigured', `The service worker is told to refresh at ${routesOf(endpoint).name}, and this page refreshes at ${routes.name}: each would have a session of its own. Give createSession() the same \`endpoint\`.`);
    // A worker that has just been started cannot know in time whether a navigation is wanted, unless its address says so.
    if (apis().some((api) => api.navigations)) url.searchParams.set('navigations', '1');
    greeted = undefined;
    // A new registration: what an unregistered one was told no longer counts. Asked here, because a worker cannot tell.
    const before = await container.getRegistration(reached).catch(() => undefined);
    if (before?.scope !== reached) await promptly(clock, createLedger(`worker ${reached}`).update(() => undefined));
    try {
      registration = await container.register(url, { scope, type, updateViaCache: 'none' });
    } catch (error) {
      const script = await fetch(url, { cache: 'no-store' }).catch(() => undefined);
      problem('worker_unavailable', explain({ url: url.href, scope: reached, script, error }));
      return set('none');
    }
    await assess();
    while (state === 'installing') await new Promise<void>((changed) => waiters.add(changed));
    return state;
  };

  const unregister = async (): Promise<void> => {
    const found = registration ?? (await container?.getRegistration().catch(() => undefined));
    const worker = found?.active;
    // Until its last page is closed an unregistered worker goes on: it is told to sign nothing any more.
    const quiet = config([]) ?? { endpoint: routes.name, apis: [], mode };
    const welcome = worker && (await ask(worker, 'CONFIGURE', quiet));
    // Whatever else controls this address is somebody else's.
    const ours = registration || welcome;
    // Without its keeper a sealed session would have nobody to hold its token.
    await promptly(clock, context.ports.ledger.update((stored) => (stored ? { ...stored, mode: undefined } : stored)));
    if (ours) await found?.unregister();
    registration = greeted = undefined;
    set('none');
  };

  return {
    get state() {
      return state;
    },
    register: (wanted) => inTurn(() => register(wanted)),
    unregister: () => inTurn(unregister),
  };
};
