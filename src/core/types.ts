/// <reference lib="esnext.disposable" preserve="true" />
/** The public shapes of a session. Milliseconds and epoch milliseconds throughout. */
import type { EndedReason } from '../contract/wire.js';
import type { TabatonError } from './errors.js';

/** Who is signed in here, as far as this context knows. */
export type Status = 'starting' | 'anonymous' | 'active' | 'ended';
/** What this context does about a token right now. */
export type Activity = 'idle' | 'refreshing' | 'waiting' | 'backingOff';
/** Whether the endpoint can be reached: `degraded` after three failures, `stalled` after 60 s without a valid token. */
export type Connection = 'ok' | 'degraded' | 'stalled';
/** Leadership decides who refreshes ahead of time; it never decides who may refresh. */
export type Role = 'leader' | 'follower' | 'candidate';
/** How much of the wire contract the backend speaks: see docs/wire-protocol.md. */
export type Level = 'plain' | 'fenced' | 'full';
/** Why a session ended: the server's word, or `rejected` from a backend that gives no reason. */
export type SessionEndReason = EndedReason | 'rejected';
/** Why a refresh was asked for. */
export type RefreshReason = 'startup' | 'expiring' | 'unauthorized' | 'force' | 'settle';

/** What a user interface may know. Immutable, referentially stable between changes, never a token. */
export interface Snapshot {
  /** Who is signed in: `starting` until that is known. */
  readonly status: Status;
  /** Present when `status` is `ended`. */
  readonly reason?: SessionEndReason;
  /** What this context does about a token right now. */
  readonly activity: Activity;
  /** Epoch ms of the next attempt, when `activity` is `backingOff`. */
  readonly retryAt?: number;
  /** Whether the endpoint can be reached. */
  readonly connection: Connection;
  /** Whether this context refreshes ahead of time for all. */
  readonly role: Role;
  /** Number of the leadership that this context knows of; grows with each new leader. */
  readonly leaderEpoch: number;
  /** Id of the session: one login in one browser. The same in the server's answers and logs. */
  readonly sid?: string;
  /** Subject of the user, when the backend says it. */
  readonly sub?: string;
  /** Number of the access token held for the default scope and resource. */
  readonly generation: number;
  /** Epoch ms, by this machine's clock; absent when the lifetime is unknown. */
  readonly expiresAt?: number;
  /** `auto` until an answer was seen. */
  readonly level: 'auto' | Level;
}

/** (scope set, resource) a token is for; both optional and as OAuth writes them. */
export interface TokenTarget {
  /** Space separated. */
  scope?: string;
  /** Absolute URI (RFC 8707). */
  resource?: string;
}

/** What the token must be good for, and how long to wait for it. */
export interface GetTokenOptions extends TokenTarget {
  /** Milliseconds of life the token must have left (default 10 000, never more than half its lifetime). */
  minTtl?: number;
  /** Gives up this call only; the origin's refresh goes on. */
  signal?: AbortSignalLike;
  /** `false`: throw `refresh_pending` instead of waiting (a refresh is started all the same). */
  wait?: boolean;
}

/** Why to refresh, and for what. */
export interface RefreshOptions extends TokenTarget {
  /** Default `force`. */
  reason?: 'force' | 'unauthorized' | 'expiring';
  /** The token an API answered 401 to: when a newer one is already held, it is returned without a request. */
  rejected?: string;
  /** Gives up this call only; the origin's refresh goes on. */
  signal?: AbortSignalLike;
}

/** The part of AbortSignal the core uses. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: 'abort', run: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', run: () => void): void;
}

/** Every event carries when it happened (epoch ms); none carries a token. */
export interface SessionEvents {
  /** A session became known in this context: restored, signed in here, or signed in elsewhere. */
  started: { at: number; sid: string; by: 'restore' | 'start' | 'other' };
  /** A newer access token is held. `from` says whether this context fetched it or was told. */
  token: { at: number; sid: string; generation: number; expiresAt?: number; from: 'endpoint' | 'channel' };
  /** A refresh request of this context came to its end. */
  refresh: {
    at: number;
    reason: RefreshReason;
    /** The server's outcome, or how it failed. */
    outcome: string;
    /** Ms from the request to its answer. */
    duration: number;
    generation?: number;
    /** First 8 hex digits of the SHA-256 of the attempt id: the same in the server's log. */
    attempt?: string;
  };
  /** Three refreshes in a row failed; the session is kept and retried at `retryAt`. */
  degraded: { at: number; retryAt: number };
  /** 60 s without a valid token; the session is kept. */
  stalled: { at: number };
  /** The API answered 401 to a token that a refresh cannot improve, or a request that cannot be replayed. */
  rejected: { at: number; generation: number; url: string; reason: 'repeated' | 'not_replayable' | 'not_refreshable' };
  /** The session is over, by the server's word or by a sign-out. */
  ended: { at: number; sid: string; reason: SessionEndReason };
  /** Leadership changed in this context. */
  role: { at: number; role: Role; change: 'elected' | 'resigned' | 'deposed' | 'standing'; epoch: number };
  /** The service worker that signs requests, as this page sees it. */
  worker: { at: number; state: WorkerState };
  /** This context took the refresh over from a holder that stood still for `waited` ms. */
  overtake: { at: number; waited: number };
  /** Something a developer should look at; the session goes on. */
  problem: { at: number; code: ProblemCode; message: string };
}

/**
 * The service worker of this page. `uncontrolled`: there is one, but it does not see the requests of this page
 * (first load, shift-reload, wrong scope). `incompatible`: its version speaks another protocol. In both the page
 * goes on by itself.
 */
export type WorkerState = 'none' | 'installing' | 'waiting' | 'active' | 'uncontrolled' | 'incompatible';

/** Names of the events of a session, a closed union. */
export type EventName = keyof SessionEvents;
/** What a `problem` event is about, a closed union. */
export type ProblemCode =
  | 'cookie_blocked'
  | 'ledger_unavailable'
  | 'ledger_newer'
  | 'locks_unavailable'
  | 'channel_unavailable'
  | 'endpoint_misconfigured'
  | 'not_shared'
  | 'logout_pending'
  | 'listener_threw'
  /** The worker's script cannot be had: plain http, wrong address, wrong MIME type. */
  | 'worker_unavailable'
  /** The worker does not reach this page. */
  | 'worker_scope'
  /** A sealed worker keeps the settings it has: the page asked for more. */
  | 'worker_refused'
  /** Page and worker are of versions that do not understand each other. */
  | 'worker_incompatible';

/** What `start()` may be given after the application's own login: the JSON of its answer, in every spelling the reader knows. */
export type GrantInput = object;

/** The session without `fetch`, which only a platform can add. */
export interface CoreSession {
  /**
   * A fresh access token. Fresh in memory: no lock, no message, no I/O. Otherwise one refresh per origin.
   *
   * @throws TabatonError `anonymous`, `session_ended`, `refresh_timeout`, `refresh_unavailable`, `refresh_pending` (with
   * `wait: false`), `endpoint_error`, `bad_answer`, `sealed`, `disposed`; the reason of `signal` when that fires.
   * @example
   * const token = await session.getToken({ minTtl: 60_000 });
   */
  getToken(options?: GetTokenOptions): Promise<string>;
  /** The token held now, if it is still valid; never waits, never refreshes. */
  peek(target?: TokenTarget): string | undefined;
  /** True when there is no token or it is inside its refresh-ahead window. */
  isExpiring(target?: TokenTarget): boolean;
  /** One refresh for the origin whatever the token's age; resolves with the new token. @throws TabatonError as `getToken` */
  refresh(options?: RefreshOptions): Promise<string>;
  /**
   * After the application's own login: announces the new session, adopts the grant or fetches one.
   *
   * @throws TabatonError `invalid_argument` for a grant that cannot be used; without a grant as `getToken`.
   * @example
   * if (response.ok) await session.start(await response.json());
   */
  start(grant?: GrantInput): Promise<void>;
  /**
   * Sends the browser to the endpoint's login; `returnTo` is a path of this origin. Default `/`.
   *
   * @throws TabatonError `invalid_argument` for any other address, `invalid_option` where there is no login route.
   */
  signIn(options?: { returnTo?: string }): Promise<void>;
  /** Every context, the worker, the server. Resolves when this browser is signed out; offline the server hears of it later. `scope`: `device` (default) or `all` of the user's. */
  signOut(options?: { scope?: 'device' | 'all' }): Promise<void>;
  /** Calls `listener` after each change of the snapshot; returns the unsubscribe function. */
  subscribe(listener: () => void): () => void;
  /** How things stand: the same object until something changes, so `useSyncExternalStore` takes it as it is. */
  getSnapshot(): Snapshot;
  /**
   * Calls `listener` at each event of that name; returns the unsubscribe function.
   *
   * @example
   * session.on('ended', ({ reason }) => showSignIn(reason));
   */
  on<Name extends EventName>(name: Name, listener: (event: SessionEvents[Name]) => void): () => void;
  /** Lets go of locks, channel and listeners; what would need them rejects with `disposed`. Other contexts go on. */
  dispose(): void;
  /** `dispose()`, for `using`. */
  [Symbol.dispose](): void;
}

/** The options that the protocol itself reads. */
export interface CoreOptions {
  /** How much of the wire contract the backend speaks. */
  level: 'auto' | Level;
  /** Whether to ask the endpoint at start-up. */
  start: 'hint' | 'lazy' | 'eager';
  /** Ms before expiry at which the leader refreshes; at most 10 % of the lifetime. Default 60 000. */
  refreshAhead: number;
  /** Ms of slack at expiry. Default 2 000, at most 10 % of the lifetime. */
  clockTolerance: number;
  /** Ms a getToken() call waits in all. Default 30 000. */
  timeout: number;
  /** Which contexts refresh ahead of time. */
  leadership: 'visible' | 'always' | 'never';
  /** `sealed`: only the service worker holds tokens. Default `attach`. */
  mode?: 'attach' | 'sealed';
}

export type { TabatonError };
