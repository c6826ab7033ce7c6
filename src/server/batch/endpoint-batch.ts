/** The batch as the endpoint runs it: families of browsers, tokens of its provider. */
import { isListed } from '../config/place.js';
import { deathOf, type FamilyRecord } from '../families/family.js';
import { userIndex } from '../handler/found-family.js';
import { NATIVE } from '../handler/gate.js';
import type { Service } from '../handler/service.js';
import { tokenAsk } from '../handler/token-ask.js';
import { wantedOf } from '../handler/wanted.js';
import { lives, type BatchParts } from './refresh-due.js';

export function endpointBatch(service: Service): BatchParts {
  const { store, clock, observe, bucket } = service;
  return {
    store,
    clock,
    observe,
    bucket,
    service: null,
    async refresh(id, minTtlMs) {
      const family = await store.read(id);
      if (family && !(await isOurs(service, family))) return 'foreign';
      // Locally issued tokens are made in the moment they are asked for.
      if (!family || service.tokens.mints) return null;
      const wanted = await wantedOf(family, undefined, undefined, null);
      if (typeof wanted === 'string') return null;
      const now = await store.now();
      const death = deathOf(family, now);
      if (death) return { kind: 'ended', reason: death, family };
      const held = family.tokens[wanted.key];
      if (held && lives(held, minTtlMs, now)) return null;
      return service.tokens.obtain(family, wanted, tokenAsk(service, family, wanted, { reason: 'expiring', have: held?.gen ?? 0, minTtlMs }));
    },
  };
}

/** Whether this endpoint let it in, as far as can be seen: its refresh token is good at this one's provider, and at no other. */
async function isOurs({ place, tokens }: Service, { sub, indexes, origin, mount = place.mount }: FamilyRecord): Promise<boolean> {
  const from = origin === NATIVE || isListed(place, origin);
  return from && mount === place.mount && indexes[0] === (await userIndex(tokens.issuer, sub));
}
