/** The core's ports in a service worker. A service worker may load nothing later, so nothing here is lazy and nothing falls back: where it runs, locks, channel and IndexedDB exist. */
import type { Lifecycle, Ports } from '../core/ports.js';
import { createClock } from '../browser/clock.js';
import { customise } from '../browser/custom-request.js';
import { createLedger } from '../browser/ledger.js';
import { createLocks } from '../browser/locks.js';
import { sharedName } from '../browser/name.js';
import { createRandom } from '../browser/random.js';
import { createRemoteEndpoint } from '../browser/remote-endpoint.js';
import type { Plan } from './plan.js';

/** A worker is never seen, never frozen with notice, and never told of anything: it is stopped. */
const lifecycle: Lifecycle = { kind: 'service_worker', visible: () => false, active: () => true, crossSite: false, listen: () => () => {} };

/** All but the channel, which each session opens and closes for itself. */
export const createWorkerPorts = ({ routes, config: { endpoint } }: Plan): { ports: Omit<Ports, 'channel'>; name: string } => {
  const name = sharedName(routes.name);
  return {
    name,
    ports: {
      clock: createClock(),
      random: createRandom(),
      locks: createLocks(),
      ledger: createLedger(name),
      lifecycle,
      endpoint: createRemoteEndpoint(routes, lifecycle.kind, typeof endpoint === 'object' ? (init) => customise(init, endpoint) : undefined),
    },
  };
};
