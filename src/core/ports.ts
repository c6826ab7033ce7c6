/**
 * The platform, as the core sees it. Everything the protocol needs from a browser (or from the
 * simulation) comes through these seams; the core itself knows no DOM, no timers and no clock.
 *
 * Every port may fail or stay silent: a promise that never settles is a legal answer of a frozen or
 * dying context, and the core puts its own deadline on each wait.
 */
import type { ContextKind } from '../contract/wire.js';
import type { HeldGrant, Message } from './messages.js';

/** Takes back what was started; harmless when it is over. */
export type Cancel = () => void;

/** Time and timers. `monotonic` may stop in sleep, `wall` may jump; the core always considers both. */
export interface Clock {
  /** Milliseconds since an arbitrary start, never going back. */
  monotonic(): number;
  /** Epoch milliseconds. */
  wall(): number;
  /** Runs `run` once after `ms`; a hint, not a promise. Implementations clamp to 2³¹ − 1. */
  after(ms: number, run: () => void): Cancel;
}

/** Random numbers and ids. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** 128 unguessable bits in base64url: context ids, attempt ids, incarnations, local session ids. */
  id(): string;
  /** First 8 hex digits of the SHA-256 of an id, to match the server's log; absent where there is no WebCrypto. */
  fingerprint?: (id: string) => Promise<string>;
}

/** A lock that is held until `release()`. */
export interface Held {
  release(): void;
  /** Resolves when the lock was taken away by a steal. Never rejects. */
  readonly lost: Promise<void>;
}

/** A queued request. `abort` takes it out of the queue, or releases at once what it was granted. */
export interface LockRequest {
  /** Resolves with the lock; with `undefined` when aborted first; rejects only when locks are unusable. */
  readonly granted: Promise<Held | undefined>;
  abort(): void;
}

/** Exclusive locks by name, shared by every context of the origin and storage partition. FIFO. */
export interface LockManager {
  request(name: string, options?: { steal?: boolean }): LockRequest;
}

/** One message to every *other* context of the origin that listens. No buffering, no self-delivery. */
export interface Channel {
  /** False where messages touch a disk: then only hints may travel, never a token. */
  readonly carriesTokens: boolean;
  post(message: Message): void;
  /** Opens (or reopens after `close`) and delivers anything that arrives; the core validates it. */
  open(onMessage: (data: unknown) => void): void;
  close(): void;
}

/**
 * One shared record. `update` is atomic over all contexts: `change` gets what is stored now and
 * returns what is to be stored (returning its argument unchanged writes nothing).
 * `change` may be called again if the store retries, so it must be pure.
 */
export interface Ledger {
  read(): Promise<unknown>;
  update(change: (stored: unknown) => unknown, options?: { durable?: boolean }): Promise<unknown>;
}

/** What came back from the endpoint, before the core makes sense of it. */
export type Reply =
  | { kind: 'network'; message: string }
  | { kind: 'timeout' }
  | {
      kind: 'http';
      status: number;
      /** Parsed JSON, or `undefined` when the body is not JSON, too large or cut short. */
      json: unknown;
      /** Why `json` is undefined, in words for a developer. */
      note?: string;
      /** `Retry-After` in milliseconds. */
      retryAfter?: number;
      /** `Date` header in epoch ms, when it can be read: the server's clock, for `expires_at`. */
      date?: number;
    };

/** One request, and the way to give it up. */
export interface Exchange {
  readonly reply: Promise<Reply>;
  /** What came in the end, also after an abort: the request lives on in the browser, and its cookie lands. */
  readonly late: Promise<Reply>;
  /** `reply` settles now. */
  abort(): void;
}

/** One refresh as the core wants it sent. How much of it travels depends on the contract level. */
export interface RefreshCall {
  attempt: string;
  /** `[attempt, ...winners]`. */
  ids: string[];
  have?: number;
  reason: 'startup' | 'expiring' | 'unauthorized' | 'force' | 'settle';
  /** Milliseconds of life the caller needs. */
  minTtl?: number;
  scope?: string;
  resource?: string;
  /** The richest level known for this endpoint, `auto` before anything was seen. */
  level: 'auto' | 'plain' | 'fenced' | 'full';
  /** Milliseconds after which the sender gives up by itself. */
  deadline: number;
}

/** What a logout says to the endpoint. */
export interface LogoutCall {
  scope: 'device' | 'all';
  sid?: string;
  /** The richest level known; without it only what any backend accepts is sent. */
  level?: RefreshCall['level'];
  deadline: number;
}

/** The endpoint's own words: a stream of events, and a question for where no stream comes through. */
export interface NewsSource {
  /** `lost`: the connection broke; `final` when it does not come back by itself. Closed by the returned function. */
  open(on: { event(name: string, data: unknown): void; lost(final: boolean): void }): Cancel;
  /** `GET /session`. Never throws. */
  session(): Promise<Reply>;
}

/** Where the news come from, and what to do with them. */
export interface News {
  source: NewsSource;
  follow: typeof import('./following.js').follow;
}

/** The way to the backend. */
export interface Endpoint {
  /** Must outlive its page (`keepalive`); never throws. */
  refresh(call: RefreshCall): Exchange;
  /** Undefined when this backend has no logout route. */
  logout?: (call: LogoutCall) => Exchange;
  /** Loaded when this context leads and the backend is a full one; absent where there is no such route. */
  news?: () => Promise<News>;
  /**
   * The way to a login, as a step that sends the browser there. Throws a TabatonError, before anything is done, when there is
   * no such route or `returnTo` is no path of this origin. Absent where no browser could be sent.
   */
  signIn?: (returnTo: string) => () => void;
  /** Turns a 200 body into the fields of the contract, for backends that answer in their own words. */
  read?: (json: unknown) => unknown;
  /** The readable marker: is somebody possibly signed in? `undefined`: no marker can be read here. */
  hint?: () => boolean | undefined;
  /** Payload of a JWT, unverified; `undefined` when the token is opaque. Only ever used for lifetime and subject. */
  claims?: (token: string) => Record<string, unknown> | undefined;
}

/** What a context hears about itself. */
export type LifecycleEvent =
  /** The page became visible / hidden. */
  | 'visible'
  | 'hidden'
  /** The context may stop at any moment (`pagehide`, `freeze`): let go of every lock, synchronously. */
  | 'suspend'
  /** It runs again (`pageshow` from bfcache, `resume`, prerender activation). */
  | 'resume'
  /** The network came back. */
  | 'online';

/** What happens to this context: hidden, frozen, restored, online again. */
export interface Lifecycle {
  readonly kind: ContextKind;
  visible(): boolean;
  /** False while prerendering: then the session does nothing at all until `resume`. */
  active(): boolean;
  /** True in a frame with a cross-site ancestor: its `none` answers never leave the frame. */
  readonly crossSite: boolean;
  listen(on: (event: LifecycleEvent) => void): Cancel;
}

/** What the service worker says of a sealed session. */
export interface KeeperReport {
  status: 'starting' | 'anonymous' | 'active' | 'ended';
  reason?: string;
  held?: HeldGrant;
}

/** The service worker of a sealed session, which alone holds its tokens. */
export interface Keeper {
  /** Wakes it, lets it restore its session (`start`: a new login has just happened), and says how that stands. Throws a TabatonError. */
  ask(start: boolean): Promise<KeeperReport>;
}

/** Everything the core needs from a platform. */
export interface Ports {
  clock: Clock;
  random: Random;
  locks: LockManager;
  channel: Channel;
  ledger: Ledger;
  endpoint: Endpoint;
  lifecycle: Lifecycle;
  /** Needed by pages of a sealed session only. */
  keeper?: Keeper;
}
