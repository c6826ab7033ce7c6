/** Makes a service worker a peer of its pages: it signs their requests, and refreshes like any of them. */
import { WORKER_PROTOCOL, type ToWorker, type Welcome, type WorkerApi, type WorkerConfig } from '../contract/worker.js';
import { VERSION } from '../contract/version.js';
import { createClock } from '../browser/clock.js';
import { createLedger } from '../browser/ledger.js';
import { TabatonError } from '../core/errors.js';
import { createConfiguration } from './configuration.js';
import { createPeer, type Peer, type PeerOptions } from './peer.js';
import { apiFor, defined, effectOf, isEndpoint, looksLikeEndpoint, mayCarry, planOf, type Plan } from './plan.js';
import type { FetchEvent, WorkerScope } from './scope.js';

/**
 * Settings of the worker; no page can change one that is given here. With `apis` (or `endpoint`) they are complete, and what
 * is left out has its default; without, the others come from `session.worker.register({ apis })` and are kept across restarts.
 */
export interface WorkerOptions extends Partial<WorkerConfig>, PeerOptions {}

/**
 * Call it once, at the top of the worker's script: listeners added later are not called for the event that woke the worker.
 * Only requests for the configured APIs are answered; all others reach your own listeners, or the network, untouched.
 *
 * @throws TabatonError `invalid_option`
 * @see RFC 6750 §2.1, RFC 10017 §7.4
 * @example
 * import { installWorker } from 'tabaton/worker';
 * installWorker({ apis: [{ origin: 'https://api.example.com' }] });
 */
export const installWorker = (options: WorkerOptions = {}): void => {
  const scope = globalThis as unknown as WorkerScope;
  const { isUnauthorized, ...config } = options;
  const coded: Partial<WorkerConfig> = defined(config);
  const alone = planOf({ endpoint: '/auth', apis: [{ origin: scope.location.origin }], mode: 'attach', ...coded });
  // A misspelt `sealed` would be a worker that is not.
  if (!alone || !['attach', 'sealed'].includes(alone.config.mode))
    throw new TabatonError('invalid_option', "installWorker: write `apis` as [{ origin: 'https://api.example.com', path: '/v1' }], `endpoint` as '/auth' or { refresh: '/api/refresh' }, and `mode` as 'attach' or 'sealed'.");
  // Whose requests, or where to refresh: with either there is nobody to wait for when a request comes.
  const own = coded.apis || coded.endpoint ? alone : undefined;

  const disk = createLedger(`worker ${scope.registration.scope}`);
  /** What a page said, or the disk remembers of it, below what the code says; of a worker that needs neither it says only whether to sign at all. */
  const below = (told: unknown): unknown => (own ? told : { ...(told as object | undefined), ...coded });
  const settings = createConfiguration(own, { ...disk, read: async () => below(await disk.read()) }, createClock());
  let peer: { of: Plan; is: Peer } | undefined;
  const peerOf = (plan: Plan): Peer => {
    if (peer?.of !== plan) {
      peer?.is.close();
      peer = { of: plan, is: createPeer(plan, scope, { isUnauthorized }) };
    }
    return peer.is;
  };
  const serve = (event: FetchEvent, plan: Plan, api: WorkerApi, last: boolean): Promise<Response> => {
    const one = peerOf(plan);
    const served = one.fetch(event.request, api, async (so) => answer(event, so), last);
    // Most answers leave nothing behind. Heard before the browser hears it, so the event is not over yet.
    const after = () => void (one.busy(api) && event.waitUntil(one.idle()));
    served.then(after, after);
    return served;
  };
  /** The endpoint's own requests pass, but not unseen. */
  const passes = (plan: Plan, event: FetchEvent): boolean => {
    const { request } = event;
    if (!isEndpoint(plan, request.url)) return false;
    const effect = effectOf(plan, request);
    if (effect !== 'none') event.waitUntil(peerOf(plan).doubt(effect));
    return true;
  };
  /** As if it came only now: whoever else listens in this worker may have its own answer. */
  const passOn = (event: FetchEvent): Response | Promise<Response> => {
    let given: Response | Promise<Response> | undefined;
    const respondWith = (answer: typeof given) => void (given = answer);
    // What a script sends is not trusted, and its own methods would throw.
    scope.dispatchEvent(Object.assign(new scope.FetchEvent('fetch', event), { respondWith, waitUntil: (work: Promise<unknown>) => event.waitUntil(work) }));
    return given ?? fetch(event.request);
  };
  /** By the settings as they are now. */
  const answer = (event: FetchEvent, last = false): Response | Promise<Response> => {
    const { plan } = settings;
    const api = plan && !passes(plan, event) && apiFor(plan, event.request);
    return api ? serve(event, plan, api, last) : passOn(event);
  };

  scope.addEventListener('fetch', (event) => {
    const { request, isTrusted } = event;
    const { plan, loading } = settings;
    if (!isTrusted || (plan ? passes(plan, event) : !loading)) return;
    // The worker has just started and may not know yet whose requests to sign. Navigations are held only where
    // the page that registered it said in its address that it wants them.
    const held = request.mode === 'navigate' ? /[?&]navigations\b/.test(scope.location.search) : !request.destination;
    if (plan ? apiFor(plan, request) : held && mayCarry(request) && !looksLikeEndpoint(request)) {
      // Another listener that answers it as well would only send it twice.
      event.stopImmediatePropagation();
      event.respondWith(loading ? loading.then(() => answer(event)) : answer(event));
    } else if (!plan) event.waitUntil(loading!.then(() => settings.plan && passes(settings.plan, event)));
  });

  scope.addEventListener('message', (event) => {
    const { tabaton, type, config: told } = (event.data ?? {}) as Partial<ToWorker>;
    if (typeof tabaton !== 'number') return;
    let refused: Welcome['refused'];
    const welcome = (report?: unknown) => event.ports[0]?.postMessage({ tabaton: WORKER_PROTOCOL, version: VERSION, mode: settings.plan?.config.mode, report, refused } satisfies Welcome);
    if (tabaton !== WORKER_PROTOCOL) return welcome();
    event.waitUntil(
      (async () => {
        if (type === 'CONFIGURE') refused = await settings.accept(below(told));
        if (type === 'CLAIM') await scope.clients.claim().catch(() => {});
        if (type === 'TAKE_OVER') await scope.skipWaiting();
        const asked = type === 'REPORT' || type === 'START';
        if (asked) await settings.loading;
        const one = asked && settings.plan && peerOf(settings.plan);
        welcome(one ? await one.report(type === 'START').catch(() => undefined) : undefined);
      })(),
    );
  });

  scope.addEventListener('install', (event) => {
    if (own) event.waitUntil(settings.forget());
    const { refresh, logout } = own?.routes ?? {};
    const local = refresh && new URL(refresh);
    // Where the browser can, a refresh does not even start the worker.
    if (local && local.origin === scope.location.origin && logout && event.addRoutes)
      event.waitUntil(event.addRoutes({ condition: { urlPattern: local.pathname, requestMethod: 'POST' }, source: 'network' }).catch(() => {}));
  });
};
