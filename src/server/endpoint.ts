/** The endpoint: a function from Request to Response, and what server-side code asks it directly. */
import { endpointBatch } from './batch/endpoint-batch.js';
import { preload, type PreloadOptions } from './batch/preload.js';
import { refreshDue, type BatchReport, type RefreshDueOptions } from './batch/refresh-due.js';
import { checkStore } from './config/check-store.js';
import type { EndpointOptions, RequestInfo } from './config/endpoint-options.js';
import { revoke, type Revocation } from './devices/revoke.js';
import { callOf, DIRECT, responseOf, type Answer, type Call } from './handler/call.js';
import { dispatch, unsendable } from './handler/dispatch.js';
import { callerOf } from './handler/gate.js';
import { readPresented } from './handler/present-read.js';
import { obtainToken } from './handler/obtain-token.js';
import { prepare } from './handler/service.js';
import { tokenAsk } from './handler/token-ask.js';
import { wantedOf } from './handler/wanted.js';

/** Who is signed in, as {@link Endpoint.peek} says it. */
export interface Peek {
  /** The session, as answers, events and logs call it. */
  sid: string;
  /** The user, as `authenticate` or the provider says it. */
  sub: string;
  /** What was granted at the login. */
  scopes: readonly string[];
  /** Epoch milliseconds of the login. */
  sessionAt: number;
}

/** An access token for code on the server, as {@link Endpoint.token} gives it. */
export interface ServerToken {
  /** As an API takes it: `Authorization: Bearer …`. */
  accessToken: string;
  /** Epoch milliseconds of the store's clock. */
  expiresAt: number;
  /** Generation: number of the access token in its session. */
  gen: number;
}

/** The handler, with what a server needs beside it. */
export interface Endpoint {
  /** Answers everything below the mount. Never rejects. */
  (request: Request, info?: RequestInfo): Promise<Response>;
  /** As configured, for adapters: where the endpoint lives is never read from a request. */
  readonly publicOrigin: string;
  /** Path below which everything is the endpoint's. */
  readonly mount: string;
  /**
   * Resolves once the endpoint can work: keys are derived, and the store takes, gives and forgets a value. Await it before
   * the server listens, so that an unreachable store is heard of then, and not by the first visitor.
   * `waitMs`: how long a store that is starting too is waited for, in milliseconds. Default 5,000.
   * @throws MisconfiguredError naming `store` and why it cannot be used; never an address with its password.
   * @example
   * await endpoint.ready();
   * server.listen(3000);
   */
  ready(options?: { waitMs?: number }): Promise<void>;
  /**
   * Who is signed in, for server-side rendering: never rotates, never slides the idle expiry. `null` for nobody.
   * After a redirect from a provider the first document has no session yet (its request carries no Strict
   * cookie); the first fetch of that document has.
   * @throws StoreUnavailableError when the store does not answer: that is not "nobody".
   */
  peek(request: Request): Promise<Peek | null>;
  /**
   * An access token of whoever is signed in, for calls the server makes while rendering. Never rotates.
   * `minTtl` in milliseconds, default 10 s. `null` for nobody.
   * @throws RangeError when the scope or the resource was not granted.
   * @throws UpstreamError when the provider gives none now.
   */
  token(request: Request, options?: { scope?: string; resource?: string; minTtl?: number }): Promise<ServerToken | null>;
  /**
   * Refreshes sessions of the provider whose tokens end soon, those seen last first. For a timer of the application, in
   * any number of processes at once. One bad session never stops the others.
   * @throws StoreUnavailableError when nothing could be claimed.
   */
  refreshDue(options?: RefreshDueOptions): Promise<BatchReport>;
  /**
   * Signs out a user everywhere (`sub`), or one session (`sid`, as answers, events and logs have it), with the reason
   * `revoked`: after a theft, for an account that was closed. Open pages are told at once, the provider's grant is revoked,
   * and devices that were to end with a session end with it. Access tokens that are out live on until they expire.
   * Resolves with how many sessions it ended; again, it ends those it did not get to. By `sid` it may take seconds on Redis.
   * @throws TypeError for anything but one of the two.
   * @throws StoreUnavailableError when the store does not answer: call it again.
   * @example
   * await endpoint.revoke({ sub: 'ada' });
   */
  revoke(whose: Revocation): Promise<number>;
  /**
   * Ends the event streams of this process, which would keep a server from closing; browsers come back within six seconds,
   * to another node. Call it before `server.close()`.
   */
  endStreams(): void;
  /** The same for those who usually come at this time of day, before they come, spread out. */
  preload(options?: PreloadOptions): Promise<BatchReport>;
}

/**
 * Builds the refresh endpoint. Options are checked at once.
 * @throws MisconfiguredError naming the option and what to do.
 * @example
 * const endpoint = createEndpoint({
 *   store, publicOrigin: 'https://app.example',
 *   authenticate: async (request) => checkPassword(await request.json()),
 * });
 * const response = await endpoint(request);
 */
export function createEndpoint(options: EndpointOptions): Endpoint {
  const { ready, settings } = prepare(options);
  const answer = async (call: Call, info: RequestInfo): Promise<Answer> => {
    try {
      return await dispatch(await ready(), call, info);
    } catch (error) {
      return unsendable(settings, call, error);
    }
  };
  const handle = async (request: Request, info: RequestInfo = {}): Promise<Response> => {
    const given = await answer(callOf(request), info);
    try {
      return responseOf(given);
    } catch (error) {
      return responseOf(unsendable(settings, request, error));
    }
  };
  return Object.assign(handle, {
    [DIRECT]: answer,
    publicOrigin: settings.place.publicOrigin,
    mount: settings.place.mount,
    async ready({ waitMs = 5_000 }: { waitMs?: number } = {}) {
      const service = await ready();
      await checkStore(service.store, { clock: service.clock, random: service.random, waitMs });
    },
    refreshDue: async (due?: RefreshDueOptions) => refreshDue(endpointBatch(await ready()), due),
    async preload(ahead?: PreloadOptions) {
      const service = await ready();
      return preload({ ...endpointBatch(service), activity: service.activity, random: service.random }, ahead);
    },
    revoke: async (whose: Revocation) => revoke(await ready(), whose),
    endStreams: () => settings.streams.endAll(),
    async peek(request: Request): Promise<Peek | null> {
      const service = await ready();
      const reading = await readPresented(service, request, callerOf(request, service.place).origin);
      if (reading.kind === 'inactive') return null;
      const { sid, sub, scopes, createdAt } = reading.presented.family;
      return { sid, sub, scopes, sessionAt: createdAt };
    },
    async token(request: Request, wish: { scope?: string; resource?: string; minTtl?: number } = {}) {
      const service = await ready();
      const reading = await readPresented(service, request, callerOf(request, service.place).origin);
      if (reading.kind === 'inactive') return null;
      const { family } = reading.presented;
      const wanted = await wantedOf(family, wish.scope, wish.resource, service.tokens.resources);
      if (typeof wanted === 'string') throw new RangeError(wanted);
      const ask = tokenAsk(service, family, wanted, { reason: 'startup', have: null, minTtlMs: wish.minTtl ?? 10_000 });
      const found = await obtainToken(service, family, wanted, ask);
      if (found.kind === 'none') return null;
      return { accessToken: found.accessToken, expiresAt: found.token.expiresAt, gen: found.token.gen };
    },
  });
}
