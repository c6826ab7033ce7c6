/** What every route works with: the validated options and what is derived from them. */
import { systemClock, systemRandom, type ServerClock, type ServerRandom } from '../clock.js';
import { activity, type Activity } from '../batch/activity.js';
import { tokenBucket, type TokenBucket } from '../batch/token-bucket.js';
import { clientsOf, type Client, type ClientKind } from '../config/clients.js';
import type { Authenticated, EndpointOptions, LimitOptions } from '../config/endpoint-options.js';
import { MisconfiguredError } from '../config/misconfigured.js';
import { deviceGrantOf, type DeviceGrant } from '../config/device-grant.js';
import { checkNames } from '../config/names.js';
import { placeOf, type Place } from '../config/place.js';
import { timingOf, type Timing } from '../config/timing.js';
import { cookiesOf, type Cookies } from '../cookies/cookies.js';
import { base64url } from '../encoding.js';
import { credentials, type Credentials } from '../keys/credential.js';
import { sealer, type Sealer } from '../keys/seal.js';
import { keyBytes, serverKeys, type ServerKeys } from '../keys/server-keys.js';
import { messageOf, observers, type Observe } from '../observe.js';
import type { Store } from '../store.js';
import { memoryStore } from '../stores/memory.js';
import { checkSigningKeys, type LocalIssuer } from '../issuer/local-issuer.js';
import { sealedTokens, type SealedTokens } from '../mediation/sealed-tokens.js';
import type { TokenSource } from '../mediation/token-source.js';
import type { FunctionUpstream } from '../upstream/function-upstream.js';
import type { ProviderLogin } from '../upstream/provider-login.js';
import { checkServices, type ServicesOptions } from '../manager/service-token.js';
import { checkLoginPage } from './sign-in-page.js';
import { checkSignIn, tokenSource } from './sign-in-source.js';
import { known, type Known } from './jar.js';
import { loginLimit, type LoginLimit } from './login-limit.js';
import { rateLimiter, type RateLimiter } from './rate-limiter.js';
import { streams, type Streams } from '../events/streams.js';
import { versions, type Versions } from './versions.js';
import { warmTokens, type WarmTokens } from './warm-tokens.js';

/** Known at once, so that a mistake is thrown by `createEndpoint` itself. */
export interface Settings {
  readonly place: Place;
  readonly timing: Timing;
  readonly clients: Readonly<Record<ClientKind, Client>>;
  readonly clock: ServerClock;
  readonly random: ServerRandom;
  readonly store: Store;
  readonly jitter: number;
  readonly logins: LoginLimit;
  readonly loginPaceMs: number;
  readonly authenticate: ((request: Request) => Promise<Authenticated | null>) | null;
  readonly accountOf: ((request: Request) => Promise<string | undefined>) | null;
  readonly loginPage: string | null;
  readonly services: ServicesOptions | null;
  readonly observe: Observe;
  readonly refreshes: RateLimiter;
  readonly warm: WarmTokens;
  readonly known: Known;
  /** How fast the provider is asked ahead of demand. */
  readonly bucket: TokenBucket;
  readonly activity: Activity;
  readonly versions: Versions;
  readonly deviceGrant: DeviceGrant | null;
  /** Families whose end this process is about to look into: was it told? */
  readonly untold: Set<string>;
  /** Event streams that are open in this process. */
  readonly streams: Streams;
  /** Lets work outlive the answer; its failure is observed, never thrown. */
  detach(what: string, work: Promise<unknown>): void;
}

export interface Service extends Settings {
  readonly keys: ServerKeys;
  readonly cookies: Cookies;
  readonly credentials: Credentials;
  readonly sealer: Sealer;
  readonly tokens: TokenSource;
  /** Set when the endpoint signs its tokens itself. */
  readonly issuer: LocalIssuer | null;
  /** Set when an OpenID provider signs users in. */
  readonly provider: ProviderLogin | null;
  /** First tokens of a function-shaped upstream. */
  readonly grant: FunctionUpstream['grant'] | null;
  readonly sealed: SealedTokens;
}

/** Every option there is. */
const OPTIONS: Readonly<Record<keyof EndpointOptions, true>> = {
  publicOrigin: true, mount: true, origins: true, dev: true, store: true, keys: true, authenticate: true, accountOf: true, loginPage: true,
  upstream: true, issuer: true, clients: true, deviceGrant: true, services: true, strictVersion: true, limits: true, timing: true, jitter: true,
  observe: true, waitUntil: true, clock: true, random: true,
};
const LIMITS: Required<LimitOptions> = { refreshesPerMinute: 30, loginFailuresPerMinute: 5, loginPaceMs: 250, batchCallsPerSecond: 20 };

/** @throws MisconfiguredError naming the option and what to do. */
export function prepare(options: EndpointOptions): { settings: Settings; ready: () => Promise<Service> } {
  checkNames(options, OPTIONS);
  const place = placeOf(options);
  const timing = timingOf(options.timing);
  const clients = clientsOf(options.clients);
  const clock = options.clock ?? systemClock();
  const random = options.random ?? systemRandom();
  const observe = observers(options.observe);
  const secrets = keyBytes(keyTexts(options.keys, place, random));
  checkSignIn(options, place);
  checkLoginPage(options.loginPage, place);
  checkSigningKeys(options.issuer?.signingKeys);
  if (options.services) checkServices(options.services);
  if (!options.store && !place.dev) {
    throw new MisconfiguredError('store', 'is missing. Give a durable store; only with dev: true the sessions may live in memory.');
  }
  const jitter = options.jitter ?? 0.05;
  if (!(jitter >= 0 && jitter <= 0.5)) throw new MisconfiguredError('jitter', 'give a share between 0 and 0.5.');
  checkNames(options.limits, LIMITS, 'limits.');
  const limits = { ...LIMITS, ...options.limits };
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isFinite(value) || value < 1) throw new MisconfiguredError(`limits.${name}`, 'give a number of at least 1.');
  }
  const store = options.store ?? memoryStore({ clock });
  const settings: Settings = {
    place,
    timing,
    clients,
    clock,
    random,
    store,
    jitter,
    logins: loginLimit(store, observe, limits.loginFailuresPerMinute),
    loginPaceMs: limits.loginPaceMs,
    authenticate: options.authenticate ?? null,
    accountOf: options.accountOf ?? null,
    loginPage: options.loginPage ?? null,
    services: options.services ?? null,
    observe,
    warm: warmTokens(() => clock.now()),
    known: known(),
    bucket: tokenBucket(clock, { perSecond: limits.batchCallsPerSecond, burst: limits.batchCallsPerSecond }),
    activity: activity(store),
    deviceGrant: deviceGrantOf(options.deviceGrant, !options.upstream || ('grant' in options.upstream && !!options.upstream.grant)),
    untold: new Set(),
    versions: versions(store, options.strictVersion ?? false),
    streams: streams(observe),
    refreshes: rateLimiter(clock, limits.refreshesPerMinute, 60_000),
    detach(what, work) {
      const watched = work.catch((error: unknown) => observe({ type: 'fault', what, message: messageOf(error) }));
      options.waitUntil?.(watched);
    },
  };
  let service: Promise<Service> | undefined;
  const build = async (): Promise<Service> => {
    const keys = await serverKeys(secrets);
    const seals = sealer(keys, random);
    const source = await tokenSource(settings, options, keys, sealedTokens(seals));
    return {
      ...settings,
      ...source,
      keys,
      cookies: cookiesOf(place),
      credentials: credentials(keys),
      sealer: seals,
      sealed: sealedTokens(seals),
    };
  };
  return { settings, ready: () => (service ??= build()) };
}

function keyTexts(given: EndpointOptions['keys'], place: Place, random: ServerRandom): readonly string[] {
  const env = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env?.['TABATON_KEY'];
  const source = given ?? env;
  const texts = typeof source === 'string' ? source.split(',') : (source ?? []);
  const kept = texts.map((part) => part.trim()).filter((part) => part !== '');
  return kept.length === 0 && place.dev ? [base64url(random.bytes(32))] : kept;
}
