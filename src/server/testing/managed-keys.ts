/** Token managers on one memory store, a service whose refresh tokens work once, and the hand-written manager beside them. */
import type { EndpointEvent } from '../observe.js';
import type { Store } from '../store.js';
import { memoryStore } from '../stores/memory.js';
import { familyOf } from '../manager/manager-key.js';
import type { TokenManagerOptions } from '../manager/manager-options.js';
import { createTokenManager, type TokenManager } from '../manager/token-manager.js';
import { fakeClock } from './fake-clock.js';
import { handWritten, sharedKv, type ClassicMistake } from './hand-written.js';
import { OneTimeService } from './one-time-service.js';
import { KEY } from './site.js';

export const ADA = { client: 'reports', user: 'ada' };

export function world(lifetimeMs?: number) {
  const clock = fakeClock();
  const store = memoryStore({ clock });
  const service = new OneTimeService(lifetimeMs);
  const events: EndpointEvent[] = [];
  const node = (change: Partial<TokenManagerOptions> = {}): TokenManager =>
    createTokenManager({ store, upstream: service, keys: KEY, clock, observe: (event) => events.push(event), ...change });
  const kv = sharedKv(clock);
  const naive = (mistake: ClassicMistake, dies?: () => boolean) => handWritten(mistake, { kv, clock, service, ...(dies ? { dies } : {}) });
  return { clock, store, service, events, node, naive };
}
export type World = ReturnType<typeof world>;
/** Lets the token expire. */
export async function expired(one: World): Promise<void> {
  await one.clock.advance(one.service.lifetimeMs);
}
export const freeLeases = (store: Store): Store => ({ ...store, acquire: async () => ({ renew: async () => true, release: async () => {} }) });
/** Lets a promise run on while fake time stands still. */
export const turns = async (count = 20) => {
  for (let i = 0; i < count; i += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** The record that keeps Ada's tokens. */
export async function onlyFamily({ store }: World): Promise<string> {
  const id = await familyOf('default', ADA);
  if (!(await store.read(id))) throw new Error('Nobody has asked for a token yet.');
  return id;
}
