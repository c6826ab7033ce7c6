/** Revocation at the provider (RFC 7009): nobody waits for it, and an outage is outlasted for half a minute. */
import type { ServerClock } from '../clock.js';
import type { Observe } from '../observe.js';
import type { Store } from '../store.js';
import { upstreamFailure } from '../upstream/failure.js';
import { inTime } from '../upstream/in-time.js';
import type { Upstream } from '../upstream/upstream.js';
import type { SealedTokens } from './sealed-tokens.js';

const PAUSES_MS = [1_000, 5_000, 25_000];
const CALL_MS = 10_000;

export interface Revoker {
  revoke(family: string): void;
}

export function revoker(parts: {
  store: Store;
  clock: ServerClock;
  observe: Observe;
  sealed: SealedTokens;
  upstream: Upstream;
  detach(what: string, work: Promise<unknown>): void;
}): Revoker {
  const { store, clock, observe, sealed, upstream } = parts;

  async function revoke(id: string): Promise<void> {
    // The tombstone keeps the sealed grant; what was read before it ended may have been replaced since.
    const family = await store.read(id);
    // Begun anew meanwhile: that grant is another one.
    if (family?.state !== 'ended') return;
    const grant = await sealed.openGrant(family);
    if (!grant || !upstream.revoke) return;
    for (const pause of [...PAUSES_MS, null]) {
      try {
        await inTime(clock, CALL_MS, (signal) => upstream.revoke!(grant, signal));
        observe({ type: 'revocation', result: 'ok' });
        return;
      } catch (error) {
        const { code } = upstreamFailure(error);
        // A refusal is final; only an outage is worth another try.
        if (pause === null || (code !== 'unavailable' && code !== 'timeout')) {
          observe({ type: 'revocation', result: code });
          return;
        }
      }
      await new Promise<void>((resolve) => clock.after(pause, resolve));
    }
  }
  return { revoke: (id) => parts.detach('revoke upstream', revoke(id)) };
}
