/** What `createTokenManager` takes. Milliseconds throughout. */
import type { ServerClock, ServerRandom } from '../clock.js';
import { MisconfiguredError } from '../config/misconfigured.js';
import { checkNames } from '../config/names.js';
import type { EndpointEvent } from '../observe.js';
import type { Store } from '../store.js';
import type { FunctionUpstream } from '../upstream/function-upstream.js';
import type { OidcOptions } from '../upstream/oidc-options.js';

/** Functions that speak to the token service; `grant` is how a key gets its first tokens. */
export type ManagedFunctions = FunctionUpstream & Required<Pick<FunctionUpstream, 'grant'>>;
/** An OAuth 2.0 provider. Without `grant` the first tokens come from the client credentials grant (RFC 6749 §4.4). */
export type ManagedProvider = Pick<
  OidcOptions,
  'issuer' | 'clientId' | 'clientSecret' | 'clientAuth' | 'scope' | 'metadata' | 'fetch'
> &
  Pick<FunctionUpstream, 'grant'>;

/** What `createTokenManager` takes. */
export interface TokenManagerOptions {
  /** Shared by all nodes: SQLite for one machine, Redis for several. */
  store: Store;
  /** Where tokens come from: a provider, or functions. */
  upstream: ManagedFunctions | ManagedProvider;
  /**
   * Server keys as for `createEndpoint`: tokens are encrypted at rest. Default: the environment's `TABATON_KEY`.
   * Roll over as there. The old one may go when the grants in use have been refreshed since: after one life of an access
   * token. A grant that was not, and was sealed with a key that is gone, is replaced by a new first grant; the log says so.
   */
  keys?: string | readonly string[];
  /** Separates managers that share a store. Default `default`. */
  namespace?: string;
  /** Life of an access token whose service does not say. Default 5 min. */
  defaultLifetimeMs?: number;
  /** How long a token in this process is used without a look at the store, 0 to 1,000: what bounds `invalidate` and `revoke`. Default 500. */
  trustMs?: number;
  /** How long `get` waits in all. Default 25 s: longer than one call to the service may take. */
  patienceMs?: number;
  /** How long it waits for another node's call. Default: all of `patienceMs`. */
  lockWaitMs?: number;
  /** A key is forgotten this long after its first grant. Default: never. */
  absoluteMs?: number;
  /** Least time between two tokens of one key that are asked for because the last one was refused. Default 5 s. */
  mintGapMs?: number;
  /** Calls per second that `refreshDue` and `preload` make to the service, in each process. Default 20. */
  batchCallsPerSecond?: number;
  /** Hears what happens, for logs and metrics. Default: faults go to `console.error`. */
  observe?: (event: EndpointEvent) => void;
  /** Keeps the runtime alive for work that outlives an answer. */
  waitUntil?: (work: Promise<unknown>) => void;
  clock?: ServerClock;
  random?: ServerRandom;
}

export const isProvider = (upstream: TokenManagerOptions['upstream']): upstream is ManagedProvider => 'issuer' in upstream;

const OPTIONS: Readonly<Record<keyof TokenManagerOptions, true>> = {
  store: true, upstream: true, keys: true, namespace: true, defaultLifetimeMs: true, trustMs: true, patienceMs: true, lockWaitMs: true,
  absoluteMs: true, mintGapMs: true, batchCallsPerSecond: true, observe: true, waitUntil: true, clock: true, random: true,
};

/** @throws MisconfiguredError naming the option and what to do. */
export function checkManager(options: TokenManagerOptions): void {
  checkNames(options, OPTIONS);
  const { store, upstream, trustMs = 500 } = options;
  if (!store) throw new MisconfiguredError('store', 'is missing. Give the store all nodes share.');
  if (!(trustMs >= 0 && trustMs <= 1_000)) {
    throw new MisconfiguredError('trustMs', 'give 0 to 1000 milliseconds: it is how long a revoked token may still be used.');
  }
  if (!isProvider(upstream)) {
    if (typeof upstream?.refresh !== 'function' || typeof upstream.grant !== 'function') {
      throw new MisconfiguredError('upstream', 'is neither a provider (issuer, clientId) nor functions (grant, refresh).');
    }
    return;
  }
  const url = URL.canParse(upstream.issuer) ? new URL(upstream.issuer) : undefined;
  const loopback = url !== undefined && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
  if (!url || (url.protocol !== 'https:' && !(loopback && url.protocol === 'http:'))) {
    throw new MisconfiguredError('upstream.issuer', `"${upstream.issuer}" is not an https URL. Give the provider's issuer identifier.`);
  }
  if (!upstream.clientId) throw new MisconfiguredError('upstream.clientId', 'is missing. Register a client at the provider.');
}

export function managerKeys(given: TokenManagerOptions['keys']): readonly string[] {
  const env = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env?.['TABATON_KEY'];
  const source = given ?? env ?? [];
  const texts = typeof source === 'string' ? source.split(',') : source;
  return texts.map((part) => part.trim()).filter((part) => part !== '');
}
