/**
 * Between a context and the server: latency, lost requests and replies, resent POSTs, orphans.
 *
 *   context   ──send──▶ (cookie taken) ──uplink──▶ server ──downlink──▶ (Set-Cookie lands) ──▶ context
 *                dies here: the request goes on, its Set-Cookie lands, nobody hears the answer
 */
import type { Endpoint, Exchange, LogoutCall, RefreshCall, Reply } from '../core/ports.js';
import type { ContextKind } from '../contract/wire.js';
import type { Conditions } from './conditions.js';
import type { CookieJar } from './cookie-jar.js';
import type { Prng } from './prng.js';
import type { Scheduler } from './scheduler.js';
import type { Vitality } from './vitality.js';

/** What reaches the server: the call as the core made it, and what the browser adds. */
export type VirtualRequest = {
  /** Counts requests of this origin from 1; a resent one keeps its number. */
  readonly number: number;
  readonly context: string;
  readonly kind: ContextKind;
  /** The `Cookie` header, taken when the request was sent. */
  readonly cookie: string | undefined;
} & ({ readonly route: 'refresh'; readonly call: RefreshCall } | { readonly route: 'logout'; readonly call: LogoutCall });

/** What a virtual server answers. */
export interface VirtualResponse {
  status: number;
  json?: unknown;
  note?: string;
  /** `Set-Cookie` values. */
  setCookie?: string[];
  /** Milliseconds. */
  retryAfter?: number;
}

/** A server model. `now` is the server's clock in epoch ms: it knows no sleep and no wall-clock jump of the client. */
export type VirtualServer = (request: VirtualRequest, now: number) => VirtualResponse | Promise<VirtualResponse>;

/** What the network does to one request. */
export type NetworkFault =
  /** Never reaches the server. */
  | 'lose_request'
  /** The server did its work; neither its answer nor its cookie arrives. */
  | 'lose_reply'
  /** The server did its work and answers only after the sender's deadline, if at all. */
  | 'hang'
  /** The browser sends it twice, because the connection died before an answer. */
  | 'resend'
  /** Reaches the server this much later (ms). */
  | { delay: number }
  /** Answered by something in between (a portal, a proxy, a gateway); the server hears nothing. */
  | { instead: VirtualResponse };

export interface NetworkPort {
  conditions: Conditions;
  scheduler: Scheduler;
  prng: Prng;
  jar: CookieJar;
  offline(): boolean;
  /** How often the browser was killed. */
  kills(): number;
  serverNow(): number;
  server(): VirtualServer;
  fault(request: VirtualRequest): NetworkFault | undefined;
  onRequest(request: VirtualRequest): void;
}

export interface Sender {
  name: string;
  kind: ContextKind;
  vitality: Vitality;
  /** False in a frame with a cross-site ancestor: Strict cookies stay at home, both ways. */
  cookies: boolean;
}

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
type Routed = Without<VirtualRequest, 'number' | 'context' | 'kind' | 'cookie'>;

export const createVirtualNetwork = (port: NetworkPort) => {
  const { scheduler, prng, conditions, jar } = port;
  let number = 0;

  const hop = (run: () => void, extra = 0): void => {
    scheduler.after(prng.between(conditions.networkDelay) + extra, run);
  };

  const send = (sender: Sender, routed: Routed): Exchange => {
    const { vitality } = sender;
    let answer!: (reply: Reply) => void;
    let arrive!: (reply: Reply) => void;
    const reply = new Promise<Reply>((resolve) => (answer = resolve));
    const late = new Promise<Reply>((resolve) => (arrive = resolve));
    if (!vitality.alive()) return { reply, late, abort: () => {} };

    const caches = vitality.caches();
    const finish = (with_: Reply): void => {
      // A page that was in the cache of WebKit meanwhile hears no more of its request than that its time is over.
      if (with_.kind !== 'timeout' && conditions.engine === 'webkit' && vitality.caches() !== caches) return;
      cancelDeadline();
      answer(with_);
      arrive(with_);
    };
    const cancelDeadline = scheduler.after(routed.call.deadline, () => finish({ kind: 'timeout' }), vitality.tasks);
    const fail = (message: string): void => {
      scheduler.after(0, () => finish({ kind: 'network', message }), vitality.tasks);
    };
    // Neither an abort nor the deadline calls a keepalive request back: its cookie lands all the same.
    const exchange: Exchange = { reply, late, abort: () => vitality.alive() && answer({ kind: 'network', message: 'aborted' }) };

    if (port.offline()) {
      hop(() => fail('offline'));
      return exchange;
    }
    const request = {
      ...routed,
      number: ++number,
      context: sender.name,
      kind: sender.kind,
      cookie: sender.cookies ? jar.header() : undefined,
    } as VirtualRequest;
    const fault = port.fault(request);
    const kills = port.kills();
    /** A dedicated worker's `keepalive` dies with its tab in Chromium; a page's lives on, until the whole browser dies. */
    const cancelled = (): boolean =>
      port.kills() !== kills || (!vitality.alive() && sender.kind === 'worker' && conditions.engine === 'chromium');

    const land = (response: VirtualResponse): void => {
      if (cancelled()) return;
      if (port.offline() || fault === 'lose_reply') return fail('connection lost');
      if (sender.cookies) for (const cookie of response.setCookie ?? []) jar.accept(cookie);
      scheduler.after(
        0,
        () =>
          finish({
            kind: 'http',
            status: response.status,
            json: response.json,
            ...(response.note === undefined ? {} : { note: response.note }),
            ...(response.retryAfter === undefined ? {} : { retryAfter: response.retryAfter }),
          }),
        vitality.tasks,
      );
    };

    const reach = (then: (response: VirtualResponse) => void): void => {
      port.onRequest(request);
      // A model that answers at once stays in this very step; one that waits answers when it answers.
      const response = port.server()(request, port.serverNow());
      if (response instanceof Promise) void response.then((late) => hop(() => then(late)));
      else hop(() => then(response));
    };

    if (fault === 'lose_request') hop(() => fail('connection refused'));
    else if (typeof fault === 'object' && 'instead' in fault) hop(() => land(fault.instead));
    else {
      hop(
        () => {
          if (fault === 'hang') reach(() => {});
          else if (fault === 'resend') {
            reach(() => {});
            hop(() => reach(land));
          } else reach(land);
        },
        typeof fault === 'object' ? fault.delay : 0,
      );
    }
    return exchange;
  };

  return {
    endpointFor: (sender: Sender): Required<Pick<Endpoint, 'refresh' | 'logout'>> => ({
      refresh: (call) => send(sender, { route: 'refresh', call }),
      logout: (call) => send(sender, { route: 'logout', call }),
    }),
  };
};
