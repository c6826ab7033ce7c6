/** The batch as the endpoint runs it: families of browsers, tokens of its provider. */
import { deathOf, type FamilyRecord } from '../families/family.js';
import { userIndex } from '../handler/found-family.js';
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

/** Whether its users are those of this endpoint's provider: a refresh token is good there, and at no other. */
const isOurs = async ({ tokens }: Service, { sub, indexes }: FamilyRecord): Promise<boolean> => indexes[0] === (await userIndex(tokens.issuer, sub));
