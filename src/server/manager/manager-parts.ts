/** What the token manager works with, put together once. */
import { activity, type Activity } from '../batch/activity.js';
import { tokenBucket, type TokenBucket } from '../batch/token-bucket.js';
import { systemClock, systemRandom, type ServerClock, type ServerRandom } from '../clock.js';
import { base64url } from '../encoding.js';
import { NEVER } from '../families/family.js';
import { sealer } from '../keys/seal.js';
import { keyBytes, serverKeys } from '../keys/server-keys.js';
import { mediator, type Mediator } from '../mediation/mediator.js';
import { revoker, type Revoker } from '../mediation/revoker.js';
import { sealedTokens, type SealedTokens } from '../mediation/sealed-tokens.js';
import { messageOf, observers, type Observe } from '../observe.js';
import type { Store } from '../store.js';
import { managedUpstream, type ManagedUpstream } from './managed-upstream.js';
import { checkManager, managerKeys, type TokenManagerOptions } from './manager-options.js';

export interface ManagerParts {
  readonly store: Store;
  readonly clock: ServerClock;
  readonly random: ServerRandom;
  readonly observe: Observe;
  readonly upstream: ManagedUpstream;
  readonly sealed: SealedTokens;
  readonly mediator: Mediator;
  readonly revoker: Revoker;
  readonly namespace: string;
  readonly lockWaitMs: number;
  readonly patienceMs: number;
  readonly mintGapMs: number;
  readonly absoluteMs: number;
  readonly defaultLifetimeMs: number;
  /** How fast the service is asked ahead of demand. */
  readonly bucket: TokenBucket;
  readonly activity: Activity;
  detach(what: string, work: Promise<unknown>): void;
}

/** Checks the options at once; keys are imported with the first call. @throws MisconfiguredError */
export function managerParts(options: TokenManagerOptions): () => Promise<ManagerParts> {
  checkManager(options);
  const secrets = keyBytes(managerKeys(options.keys));
  const clock = options.clock ?? systemClock();
  const random = options.random ?? systemRandom();
  const observe = observers(options.observe);
  const upstream = managedUpstream(options.upstream, clock);
  const patienceMs = options.patienceMs ?? 25_000;
  const settings = {
    store: options.store,
    clock,
    random,
    observe,
    upstream,
    namespace: options.namespace ?? 'default',
    patienceMs,
    lockWaitMs: options.lockWaitMs ?? patienceMs,
    mintGapMs: options.mintGapMs ?? 5_000,
    absoluteMs: options.absoluteMs ?? NEVER,
    defaultLifetimeMs: options.defaultLifetimeMs ?? 300_000,
    bucket: tokenBucket(clock, { perSecond: options.batchCallsPerSecond ?? 20, burst: options.batchCallsPerSecond ?? 20 }),
    activity: activity(options.store),
    detach(what: string, work: Promise<unknown>) {
      const watched = work.catch((error: unknown) => observe({ type: 'fault', what, message: messageOf(error) }));
      options.waitUntil?.(watched);
    },
  };
  const build = async (): Promise<ManagerParts> => {
    const sealed = sealedTokens(sealer(await serverKeys(secrets), random));
    return {
      ...settings,
      sealed,
      revoker: revoker({ ...settings, sealed }),
      mediator: mediator({
        ...settings,
        sealed,
        node: base64url(random.bytes(6)),
        defaultLifetimeMs: () => settings.defaultLifetimeMs,
        replaceable: true,
        onEnded: () => {},
      }),
    };
  };
  let ready: Promise<ManagerParts> | undefined;
  return () => (ready ??= build());
}
