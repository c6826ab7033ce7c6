import { createEndpoint, type Endpoint, type Store } from '../../src/server/index.js';
import type { Clock } from './clock.js';
import { authenticate } from './users.js';

interface Parts {
  /** Of the page: what the endpoint takes for its public origin. */
  origin: string;
  /** Access token lifetime in ms. */
  lifetime: number;
  store: Store;
  clock: Clock;
}

/** tabaton's endpoint as the right stage runs it. */
export function openEndpoint({ origin, lifetime, store, clock }: Parts): Endpoint {
  return createEndpoint({
    publicOrigin: origin,
    dev: true,
    store,
    authenticate,
    clients: { web: { access: lifetime } },
    // The ring counts to one shared instant, and a visitor may press one button right after another.
    jitter: 0,
    timing: { mintGapMs: 0 },
    clock,
    limits: { refreshesPerMinute: 120 },
  });
}
