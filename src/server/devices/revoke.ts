/** Ends sessions because an operator says so, by what logs and answers show of them. */
import { endFamilyNow } from '../handler/aftermath.js';
import { userIndex } from '../handler/found-family.js';
import type { Service } from '../handler/service.js';

/** Whose sessions: all of a user, or the one with this id. */
export type Revocation = { sub: string; sid?: never } | { sid: string; sub?: never };

/** How many were alive and have ended. */
export async function revoke(service: Service, { sub, sid }: Revocation): Promise<number> {
  const { store, tokens } = service;
  if ((typeof sub === 'string') === (typeof sid === 'string')) throw new TypeError('revoke takes either { sub } or { sid }.');
  const ids = sub === undefined ? [await store.named(sid!)] : await store.find(await userIndex(tokens.issuer, sub));
  let ended = 0;
  for (const id of ids) {
    const family = id === undefined ? undefined : await store.read(id);
    if (!family || (sub !== undefined && family.sub !== sub)) continue;
    if (await endFamilyNow(service, family, 'revoked')) ended += 1;
  }
  return ended;
}
