import type { Route } from '../contract.js';
import type { Api } from './api.js';
import type { Backend } from './backend.js';
import { type Clock, sleep } from './clock.js';
import type { Faults } from './faults.js';
import { NodeGoneError } from './forward.js';
import type { IssuedTokens } from './issued.js';
import type { RequestRecord, ServerLog } from './log.js';
import { NODE_HEADER } from './node-words.js';
import { senderOf } from './request.js';
import type { TallyBook } from './tally.js';
import { GONE, type Handler } from './web.js';

interface Parts {
  clock: Clock;
  log: ServerLog;
  tallies: TallyBook;
  faults: Faults;
  issued: IssuedTokens;
  backend: Pick<Backend, 'endpoint' | 'kill'>;
  api: Api;
  latency: number;
}

/** The fields of a refresh and of its answer that the log may know. */
interface Asked {
  have?: number;
  reason?: string;
}
interface Said {
  outcome?: string;
  reason?: string;
  session?: string;
  gen?: number;
  sid?: string;
}

/**
 * The right stage's routes. The endpoint works as it does anywhere; the log looks over its shoulder, and an armed
 * fault strikes only the reply: by then the endpoint has already rotated the cookie, which is the worst moment.
 */
export function togetherRoutes(parts: Parts): Handler {
  const { clock, log, tallies, faults, issued, backend, api, latency } = parts;
  // Generations start anew with each sign-in: without this the second session's expiries would count on the first's.
  let signIns = 0;

  const answer = (record: RequestRecord, response: Response, said: Said): Response => {
    const generation = said.gen;
    record.answered(response.status, {
      ...(said.outcome === undefined ? {} : { outcome: said.outcome }),
      ...(said.reason === undefined ? {} : { reason: said.reason }),
      ...(generation === undefined ? {} : { generation }),
    });
    return response;
  };

  /** The endpoint's answer, or undefined when its node ended first. */
  const ask = async (request: Request, record: RequestRecord): Promise<Response | undefined> => {
    try {
      const response = await backend.endpoint(request);
      record.servedBy(nodeOf(response));
      return response;
    } catch (error) {
      if (!(error instanceof NodeGoneError)) throw error;
      record.lost('killed');
      return undefined;
    }
  };

  const refresh: Handler = async (request) => {
    const asked = await peek<Asked>(request);
    const record = log.open('together', 'refresh', senderOf(request), asked.reason);
    const replaced = replacedBy(asked);
    const expiry = replaced === undefined ? undefined : `${signIns}/${replaced}`;
    if (expiry) tallies.arrived('together', expiry);
    const fault = faults.take();
    const response = await ask(request, record);
    if (!response) return GONE;
    const node = nodeOf(response);
    if (expiry && node) tallies.carriedOut('together', node);
    const said = await peek<Said>(response);
    if (said.sid !== undefined && said.gen !== undefined) issued.saw(said.sid, said.gen);
    await sleep(clock, latency);
    if (fault === 'hold') {
      record.held();
      await faults.hold();
    }
    if (fault === 'lose') {
      record.lost('dropped');
      return GONE;
    }
    if (fault === 'kill-node' && node) {
      record.lost('killed');
      backend.kill(node);
      return GONE;
    }
    if (fault === 'hang') {
      record.lost('hung');
      return silence(request.signal);
    }
    if (expiry) tallies.answered('together', expiry, said.session === 'ended');
    return answer(record, response, said);
  };

  const pass = async (route: Route, request: Request): Promise<Response | typeof GONE> => {
    const record = log.open('together', route, senderOf(request));
    const response = await ask(request, record);
    if (!response) return GONE;
    if (route === 'login' && response.ok) signIns += 1;
    const said = await peek<Said>(response);
    if (said.sid !== undefined && said.gen !== undefined) issued.saw(said.sid, said.gen);
    return answer(record, response, said);
  };

  return async (request) => {
    const { pathname } = new URL(request.url);
    const route = routeOf(pathname);
    if (faults.unplugged) {
      log.open('together', route, senderOf(request)).lost('unplugged');
      return GONE;
    }
    if (route === 'refresh' && request.method === 'POST') return refresh(request);
    if (route !== 'api') return pass(route, request);
    const record = log.open('together', 'api', senderOf(request));
    const response = await api(request);
    record.answered(response.status);
    return response;
  };
}

/**
 * Requests that hold the same generation and want a newer one belong to the same expiry. A `startup` request of a
 * fresh document replaces nothing, and a `settle` only confirms what was already replaced.
 */
function replacedBy({ have, reason }: Asked): number | undefined {
  return reason === 'expiring' || reason === 'unauthorized' || reason === 'force' ? have : undefined;
}

function routeOf(pathname: string): Route {
  if (pathname.startsWith('/api/')) return 'api';
  const name = pathname.slice('/auth/'.length);
  return name === 'refresh' || name === 'login' || name === 'logout' || name === 'session' || name === 'events' ? name : 'other';
}

function nodeOf(response: Response): number | undefined {
  const said = response.headers.get(NODE_HEADER);
  return said === null ? undefined : Number(said);
}

/** An event stream has no end to wait for: only JSON is read. */
async function peek<T extends object>(message: Request | Response): Promise<Partial<T>> {
  if (!message.headers.get('content-type')?.startsWith('application/json')) return {};
  const said: unknown = await message.clone().json().catch(() => undefined);
  return typeof said === 'object' && said !== null ? (said as Partial<T>) : {};
}

/** Never answers; ends when the client gives up. */
const silence = (signal: AbortSignal): Promise<typeof GONE> =>
  new Promise((done) => {
    if (signal.aborted) done(GONE);
    else signal.addEventListener('abort', () => done(GONE), { once: true });
  });
