/** Everything `createEndpoint` takes. Milliseconds throughout. */
import type { ServerClock, ServerRandom } from '../clock.js';
import type { IssuerOptions } from '../issuer/local-issuer.js';
import type { FunctionUpstream } from '../upstream/function-upstream.js';
import type { OidcOptions } from '../upstream/oidc-options.js';
import type { UpstreamTokens } from '../upstream/upstream.js';
import type { EndpointEvent } from '../observe.js';
import type { Store } from '../store.js';
import type { ServicesOptions } from '../manager/service-token.js';
import type { ClientKind, ClientOptions } from './clients.js';
import type { DeviceGrantOptions } from './device-grant.js';
import type { PlaceOptions } from './place.js';
import type { TimingOptions } from './timing.js';

/** Whom the application recognised. */
export interface Authenticated {
  /** Stable id of the user; `sub` of the tokens. */
  sub: string;
  /** Claims for locally issued tokens; the registered ones are the endpoint's own. */
  claims?: Readonly<Record<string, unknown>>;
  /** Granted scopes; cut down to the client's. Default: all of the client's. */
  scopes?: readonly string[];
  /** With a function-shaped upstream: the tokens its login gave. Without them its `grant` is asked. */
  tokens?: UpstreamTokens;
  /**
   * Which client this is, as far as the application can tell from the request it has just authenticated: it decides scopes
   * and lifetimes. Default: `web` for a page, `mobile` for an app that holds its credential itself.
   */
  client?: Exclude<ClientKind, 'service'>;
  /** What the user's list of devices shows. Default: a coarse reading of the User-Agent. */
  label?: string;
}

/** What `createEndpoint` takes; `publicOrigin` is the one thing that has no default. */
export interface EndpointOptions extends PlaceOptions {
  /** Where families live. Only with `dev: true` it may be left out: then they live in memory. */
  store?: Store;
  /**
   * Server keys of at least 32 random bytes (base64, base64url or hex), newest first. Default: the environment's
   * `TABATON_KEY`, comma-separated. With `dev: true` and neither, one is made up and dies with the process.
   *
   * Roll over in two deployments: first add the new key in second place everywhere, then move it to the front. The old one
   * may go when no session is left that was last refreshed before that (at the latest after the longest `clients.*.idle`):
   * cookies of a key that is gone are `no_session`.
   */
  keys?: string | readonly string[];
  /**
   * Decides `POST /auth/login`: password, passkey, whatever. `null` is a failed login. A body that `request.json()` or
   * `request.formData()` cannot read is answered with 400 here; what else is thrown is a defect: 500, and a fault.
   */
  authenticate?: (request: Request) => Promise<Authenticated | null>;
  /**
   * Where access tokens come from. An OAuth 2.0 / OpenID provider signs users in by itself (`GET /auth/login`); for a
   * service that is not RFC-shaped give functions, beside `authenticate`. Absent: the endpoint issues tokens itself.
   */
  upstream?: OidcOptions | FunctionUpstream;
  /** The account a login request is about, for the failure limit. Default: `username`, `user`, `email`, `login` and `account` of its body, each that is there. */
  accountOf?: (request: Request) => Promise<string | undefined>;
  /** Path or URL of the application's own login page: where `GET /auth/login` leads when there is no provider. */
  loginPage?: string;
  /** The locally issued access tokens. */
  issuer?: IssuerOptions;
  /** Scopes and lifetimes by kind of client. Default: those of docs/server.md. */
  clients?: Partial<Record<ClientKind, ClientOptions>>;
  /** Lets a signed-in browser let in a CLI or another device without a browser (RFC 8628). Default: nobody. */
  deviceGrant?: DeviceGrantOptions;
  /** The times of the rotation. */
  timing?: TimingOptions;
  /**
   * Tells a client that asks with an old generation of the newer one, once (409 `version_conflict` with `gen`), before it
   * hands it over. For clients that share a cache between processes. Default false.
   */
  strictVersion?: boolean;
  /** How often is too often. */
  limits?: LimitOptions;
  /** Lets services in other languages use a token manager over `POST /auth/token`. Default: that route refuses. */
  services?: ServicesOptions;
  /** Share of an access token's life that is taken off at random, so that expiries spread. Default 0.05. */
  jitter?: number;
  /**
   * Hears what happens, for logs and metrics; never a secret. Several: `[createLog(), metrics.observe]`.
   * Default: faults go to `console.error`.
   */
  observe?: ((event: EndpointEvent) => void) | readonly ((event: EndpointEvent) => void)[];
  /** Keeps the runtime alive for work that outlives the answer (`ctx.waitUntil` of a worker runtime). */
  waitUntil?: (work: Promise<unknown>) => void;
  /** Default: the machine's clock. For tests. */
  clock?: ServerClock;
  /** Default: WebCrypto. For tests. */
  random?: ServerRandom;
}

/** How often is too often. */
export interface LimitOptions {
  /** Refreshes of one family in one minute, counted after the rotation was decided. Default 30. */
  refreshesPerMinute?: number;
  /**
   * Failed logins of one account from one address in one minute; ten times that for either alone. Default 5. Where the
   * account or the address is not known only the other counts; where neither is, nothing does, and a fault says so once.
   */
  loginFailuresPerMinute?: number;
  /** Calls per second that `refreshDue` and `preload` make to the provider, in each process. Default 20. */
  batchCallsPerSecond?: number;
  /** Failed logins are answered after a whole multiple of this, so that unknown users take as long. Default 250. */
  loginPaceMs?: number;
}

/** What only the runtime knows about a request. */
export interface RequestInfo {
  /** Address of the peer, or of the client as a trusted proxy says it. Used for login limits alone. */
  address?: string;
}
