/** Puts the ports together, and says what stands in where the platform lacks one. */
import type { Channel, Endpoint, Ledger, LockManager, LockRequest, Ports } from '../core/ports.js';
import { createChannel } from './channel.js';
import { createClock } from './clock.js';
import { readHint } from './hint.js';
import { createLedger } from './ledger.js';
import { createLifecycle } from './lifecycle.js';
import { createLocks } from './locks.js';
import { sharedName } from './name.js';
import { createRandom } from './random.js';
import { routesOf, type EndpointOption, type Routes } from './routes.js';

export interface BrowserPorts {
  ports: Ports;
  /** For the endpoint port, which is loaded with the protocol: until then only its hint is there. */
  routes: Routes;
  /** Shared by every context that uses this endpoint; the core names its locks after it. */
  name: string;
}

/** True when the platform has it; reading it alone throws where site data are blocked. */
const has = (probe: () => unknown): boolean => {
  try {
    return !!probe();
  } catch {
    return false;
  }
};

/** Loaded when first used, and only then: what stands in may keep its state in memory. What could not be loaded is tried again. */
const once = <T>(load: () => Promise<T>): (() => Promise<T>) => {
  let loading: Promise<T> | undefined;
  return () => (loading ??= load().catch((error) => ((loading = undefined), Promise.reject(error))));
};

/** A lock manager that is still being loaded. */
const laterLocks = (load: () => Promise<LockManager>): LockManager => ({
  request(name, options) {
    let request: LockRequest | undefined;
    let aborted = false;
    return {
      granted: load().then((locks) => (aborted ? undefined : (request = locks.request(name, options)).granted)),
      abort() {
        aborted = true;
        request?.abort();
      },
    };
  },
});

/** A channel that is still being loaded; what is posted meanwhile is lost, as on any channel nobody has opened. */
const laterChannel = (load: () => Promise<Channel>): Channel => {
  let listener: ((data: unknown) => void) | undefined;
  let channel: Channel | undefined;
  return {
    carriesTokens: false,
    post: (message) => channel?.post(message),
    open(onMessage) {
      listener = onMessage;
      // Without any channel each context asks the endpoint for itself.
      load().then(
        (loaded) => listener === onMessage && (channel = loaded).open(onMessage),
        () => {},
      );
    },
    close() {
      listener = undefined;
      channel?.close();
    },
  };
};

const laterLedger = (load: () => Promise<Ledger>): Ledger => ({
  read: async () => (await load()).read(),
  update: async (change, options) => (await load()).update(change, options),
});

/**
 * Synchronous, and without effects beyond reading. Whatever the platform lacks is loaded when first used:
 *
 *   Web Locks         → a lease lock on the ledger
 *   BroadcastChannel  → the package of that name, for hints only: it leaves messages on disk
 *   IndexedDB         → localStorage, then memory
 */
export const createPorts = (endpoint: EndpointOption = '/auth'): BrowserPorts => {
  const routes = routesOf(endpoint);
  const name = sharedName(routes.name);
  const lifecycle = createLifecycle();
  const clock = createClock();
  const random = createRandom();
  const ledgerOf = (key: string) =>
    has(() => indexedDB) ? createLedger(key) : laterLedger(once(async () => (await import('./fallback/storage-ledger.js')).createStorageLedger(key, { clock, random })));
  return {
    name,
    routes,
    ports: {
      clock,
      random,
      lifecycle,
      endpoint: { hint: () => (routes.hinted ? readHint(routes.name) : undefined) } as Endpoint,
      ledger: ledgerOf(name),
      channel: has(() => BroadcastChannel)
        ? createChannel('tabaton/' + name)
        : laterChannel(async () => (await import('./fallback/broadcast-channel.js')).createPackageChannel('tabaton/' + name)),
      locks: has(() => navigator.locks)
        ? createLocks()
        : laterLocks(once(async () => (await import('./fallback/lease-lock.js')).createLeaseLocks({ clock, random, ledgerOf }))),
    },
  };
};
