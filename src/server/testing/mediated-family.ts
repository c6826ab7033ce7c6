/** One family with a grant of a service whose refresh tokens work once, and as many mediators around it as a test wants. */
import { newFamily, type FamilyRecord } from '../families/family.js';
import { sealer } from '../keys/seal.js';
import { keyBytes, serverKeys } from '../keys/server-keys.js';
import { systemRandom } from '../clock.js';
import type { EndpointEvent } from '../observe.js';
import type { Store, TokenAsk } from '../store.js';
import { memoryStore } from '../stores/memory.js';
import { mediator, type Mediator, type MediatorParts } from '../mediation/mediator.js';
import { sealedTokens, type SealedTokens } from '../mediation/sealed-tokens.js';
import { UpstreamError, type Upstream, type UpstreamTokens } from '../upstream/upstream.js';
import { fakeClock, type FakeClock } from './fake-clock.js';
import { KEY } from './site.js';

/** A service whose refresh tokens work once: using one twice kills the grant, as providers do. */
export class StrictService implements Upstream {
  calls = 0;
  revoked: string[] = [];
  dead = false;
  #valid = 'rt-0';
  /** Held answers, when `hold` is set. */
  hold = false;
  #waiting: (() => void)[] = [];
  fail: UpstreamError | null = null;

  async refresh(tokens: UpstreamTokens, _: object, signal: AbortSignal): Promise<UpstreamTokens> {
    this.calls += 1;
    const number = this.calls;
    if (this.fail) throw this.fail;
    if (this.dead || tokens.refreshToken !== this.#valid) {
      this.dead = true;
      throw new UpstreamError('invalid_grant', 'Used before.');
    }
    this.#valid = `rt-${number}`;
    if (this.hold) {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push(resolve);
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    }
    return { accessToken: `at-${number}`, expiresInMs: 60_000, refreshToken: `rt-${number}` };
  }
  async revoke({ refreshToken }: UpstreamTokens): Promise<void> {
    this.revoked.push(refreshToken!);
  }
  answer(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
  async arrived(): Promise<void> {
    while (this.#waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

export interface World {
  clock: FakeClock;
  store: Store;
  sealed: SealedTokens;
  service: StrictService;
  events: EndpointEvent[];
  family: FamilyRecord;
  ended: string[];
  node(change?: Partial<MediatorParts>): Mediator;
}

export async function world(): Promise<World> {
  const clock = fakeClock();
  const store = memoryStore({ clock });
  const sealed = sealedTokens(sealer(await serverKeys(keyBytes([KEY])), systemRandom()));
  const service = new StrictService();
  const events: EndpointEvent[] = [];
  const ended: string[] = [];
  const family = newFamily(
    {
      id: 'family', sid: 'sid', client: 'web', credential: 'cookie', origin: 'o', sub: 'ada', claims: {}, scopes: [], label: null,
      parent: null, salt: '', indexes: [], createdAt: clock.now(), absoluteExpiry: clock.now() + 1e10, idleMs: 1e9,
    },
    { ver: 1, sealed: await sealed.sealGrant('family', { accessToken: '', refreshToken: 'rt-0' }), expiresAt: null, pending: null },
  );
  await store.create(family);
  let nodes = 0;
  return {
    clock, store, sealed, service, events, family, ended,
    node: (change = {}) =>
      mediator({
        store, clock, sealed, upstream: service,
        observe: (event) => events.push(event),
        node: `node-${++nodes}`,
        patienceMs: 7_000,
        lockWaitMs: 3_000,
        defaultLifetimeMs: () => 60_000,
        detach: (_, work) => void work.catch(() => {}),
        onEnded: (_, reason) => ended.push(reason),
        ...change,
      }),
  };
}

export const ask: TokenAsk = { key: 'k', have: null, minTtlMs: 0, fresh: false, mintGapMs: 1_000, lifetimeMs: null };
