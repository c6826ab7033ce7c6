/** One request in, one response out: routes, the deadline, the headers every answer carries. */
import type { RequestInfo } from '../config/endpoint-options.js';
import type { Place } from '../config/place.js';
import { messageOf } from '../observe.js';
import { StoreUnavailableError } from '../store.js';
import { UpstreamError } from '../upstream/upstream.js';
import { SlowBodyError } from './body.js';
import type { Answer, Call, Heard } from './call.js';
import { refusal, slowBody, storeDown, unexpected, type Draft } from './draft.js';
import { callerOf, corsHeaders, preflight, refuseCrossSite, refuseForeign, type Caller } from './gate.js';
import { friendlyPage, isNavigation } from './page.js';
import { routes, type Route, type Visit } from './routes.js';
import type { Service, Settings } from './service.js';
import { upstreamDraft } from './upstream-draft.js';
import { within } from './within.js';

export async function dispatch(service: Service, call: Call, info: RequestInfo): Promise<Answer> {
  const { place } = service;
  const caller = callerOf(call, place);
  const started = service.clock.now();
  const asked = call.path.startsWith(`${place.mount}/`) ? call.path.slice(place.mount.length) : '/';
  const [, item, id = ''] = WITH_ID.exec(asked) ?? [];
  const path = item === undefined ? asked : `${item}/:id`;
  const visit: Visit = {
    service, call, caller, info, id,
    get request() {
      return call.request();
    },
    get url() {
      return new URL(call.request().url);
    },
  };
  const draft = await decide(service, path, visit).catch((error: unknown) => carried(visit, failed(service, path, error)));
  const reason = (draft.body as { reason?: unknown } | null)?.reason;
  if (draft.status >= 400 && typeof reason === 'string') {
    const known = path in routes ? path : 'unknown';
    service.observe({
      type: 'refused',
      route: known,
      status: draft.status,
      reason: reason as never,
      client: draft.client ?? null,
      ms: service.clock.now() - started,
    });
  }
  return answerFrom(draft.status >= 500 && isNavigation(call) ? outOfOrder(place, draft) : draft, caller);
}

/** For people: on their way to the provider or back nobody reads JSON to them. */
function outOfOrder(place: Place, { status, headers, cookies, html }: Draft): Draft {
  const page = friendlyPage(place, status, 'This does not work right now', 'Please go back to the app and try again in a moment.');
  return { ...page, html: html ?? page.html!, cookies, headers: { ...headers, ...page.headers } };
}

/** The routes that name one thing of many. */
const WITH_ID = /^(\/devices)\/([A-Za-z0-9_-]{1,64})$/;

async function decide(service: Service, path: string, visit: Visit): Promise<Draft> {
  const { place } = service;
  const { call } = visit;
  if (call.method === 'OPTIONS') return preflight(call, place);
  const methods: Readonly<Partial<Record<string, Route>>> | undefined = Object.hasOwn(routes, path) ? routes[path] : undefined;
  const route = methods && Object.hasOwn(methods, call.method) ? methods[call.method] : undefined;
  if (!route) {
    const page = isNavigation(call);
    if (!methods) {
      if (page) return friendlyPage(place, path === '/' ? 200 : 404);
      return refusal(404, 'invalid_request', 'malformed', `There is no such route below ${place.mount}. Known: ${Object.keys(routes).join(', ')}.`);
    }
    const allow = Object.keys(methods).join(', ');
    const draft = page ? friendlyPage(place, 405) : refusal(405, 'invalid_request', 'malformed', `Use ${allow}.`);
    return { ...draft, headers: { ...draft.headers, Allow: allow } };
  }
  if (route.guard === 'foreign') {
    const refused = refuseForeign(call, place);
    if (refused) return refused;
  }
  if (route.guard === 'cross-site') {
    const refused = refuseCrossSite(call, place);
    if (refused) return refused;
  }
  return answer(route, visit);
}

async function answer(route: Route, visit: Visit): Promise<Draft> {
  const { service } = visit;
  let outage: StoreUnavailableError | undefined;
  const work = route.run(visit).catch((error: unknown) => {
    if (error instanceof UpstreamError) {
      service.observe({ type: 'fault', what: 'ask the provider', message: error.message });
      return carried(visit, upstreamDraft(error));
    }
    if (error instanceof SlowBodyError) return slowBody();
    if (!(error instanceof StoreUnavailableError)) throw error;
    outage = error;
    return undefined;
  });
  // A browser gives up after D. Answering before that keeps the promise that C and M were computed with.
  const draft = route.bounded ? await within(service.clock, service.timing.serverTimeMs, work) : await work;
  if (draft) return draft;
  service.observe({ type: 'fault', what: 'reach the store', message: outage?.message ?? 'It did not answer in time.' });
  return carried(visit, (await route.withoutStore?.(visit)) ?? storeDown());
}

const carried = async (visit: Visit, draft: Draft): Promise<Draft> => (await visit.carry?.(draft)) ?? draft;

function failed({ observe }: Settings, path: string, error: unknown): Draft {
  const what = `answer ${path in routes ? path : 'a request'}`;
  observe({ type: 'fault', what, message: messageOf(error) });
  return unexpected();
}

/** For an answer that cannot be sent: a header the platform refuses, keys that cannot be derived. */
export function unsendable(settings: Settings, request: Heard, error: unknown): Answer {
  return answerFrom(failed(settings, '', error), callerOf(request, settings.place));
}

function answerFrom({ status, body, cookies, headers, html, stream }: Draft, caller: Caller): Answer {
  const [type, sent] = stream
    ? ['text/event-stream', stream]
    : html !== undefined
      ? ['text/html; charset=utf-8', html]
      : ['application/json', body && JSON.stringify(body)];
  return {
    status,
    cookies,
    headers: {
      'Cache-Control': 'no-store',
      Pragma: 'no-cache',
      Vary: 'Cookie, Origin, Sec-Fetch-Site',
      'X-Content-Type-Options': 'nosniff',
      ...corsHeaders(caller),
      ...headers,
      ...(sent === null ? {} : { 'Content-Type': type }),
    },
    body: sent,
  };
}
