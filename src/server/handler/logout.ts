/**
 * `POST /auth/logout`: idempotent, honours any cookie of the family however old, and ends the family in the
 * store first, so that every refresh in flight finds it dead when it wants to set its cookie.
 */
import { deathOf, type FamilyRecord } from '../families/family.js';
import { endFamilyNow } from './aftermath.js';
import { readObject } from './body.js';
import { malformed, ok, type Draft } from './draft.js';
import { isNative, type Caller } from './gate.js';
import { openHeld, openJar, tidy } from './jar.js';
import type { Service } from './service.js';

export async function logout(service: Service, request: Request, caller: Caller): Promise<Draft> {
  const body = await readObject(service, request);
  if (typeof body === 'string') return malformed(body);
  const { scope = 'device', sid, refresh_token: credential } = body;
  if (scope !== 'device' && scope !== 'all') return malformed('scope is neither "device" nor "all".');
  if (sid !== undefined && (typeof sid !== 'string' || sid.length > 64)) return malformed('sid is not a session id.');

  if (credential !== undefined && (typeof credential !== 'string' || !isNative(caller))) return malformed('refresh_token is for apps that are no pages.');

  const jar = isNative(caller) ? await openHeld(service, credential) : await openJar(service, request, caller.origin);
  // With a sid that session, and what it had replaced in this browser; a logout that was stuck offline must not end the
  // login that came after it. The jar has the newest login first.
  const named = jar.verified.findIndex(({ family }) => sid === undefined || family.sid === sid);
  const meant = named < 0 ? [] : jar.verified.slice(named);
  const ended: string[] = [];
  for (const { family } of meant) {
    // The others first: when the store fails in between, this one may ask again.
    if (scope === 'all') await endOthers(service, family);
    await endFamilyNow(service, family, 'signed_out');
    ended.push(family.id);
  }
  return ok({ signed_out: true }, tidy(service, jar, ended));
}

/** Every other family of the same user, which only a family that is alive may ask for. */
async function endOthers(service: Service, family: FamilyRecord): Promise<void> {
  const now = await service.store.now();
  // A cookie of a long dead family signs out nobody else: it may be a thief's.
  if (family.state === 'ended' || deathOf(family, now) !== null) return;
  const [byUser] = family.indexes;
  if (byUser === undefined) return;
  for (const id of await service.store.find(byUser)) {
    const other = id === family.id ? undefined : await service.store.read(id);
    if (other && other.sub === family.sub) await endFamilyNow(service, other, 'signed_out');
  }
}
