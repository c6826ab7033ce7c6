/**
 * The session cookies of one request, read and judged: which family is meant, and which names are dead.
 */
import { BoundedCache } from '../bounded-cache.js';
import { deathOf, identityOf, type FamilyIdentity, type FamilyRecord } from '../families/family.js';
import { sidOf } from '../families/sid.js';
import { parseCredential } from '../keys/credential.js';
import { NATIVE } from './gate.js';
import type { EndedReason } from '../../contract/wire.js';
import type { Heard } from './call.js';
import type { Service } from './service.js';

/** A cookie of ours whose MAC was verified. */
export interface Presented<Family extends FamilyIdentity = FamilyRecord> {
  readonly name: string;
  readonly rot: number;
  readonly family: Family;
  readonly death: EndedReason | null;
}

export interface Jar<Family extends FamilyIdentity = FamilyRecord> {
  /** The live family that logged in last. */
  readonly live: Presented<Family> | null;
  /** Verified cookies, the newest login first. */
  readonly verified: readonly Presented<Family>[];
  /** A cookie that looks like ours but names no family we know: its sid, when nothing better was presented. */
  readonly unknownSid: string | null;
  /** The `Cookie` header, where the hint in it is about the calling origin: only pages of our own can read it. */
  readonly header: string | null;
}

/** One with a live family in it; opened from memory it knows no more than who that family is. */
export type LiveJar = Jar<FamilyIdentity> & { readonly live: Presented<FamilyIdentity> };

/** What this process knows of the families it has met. No more than that may be remembered: the rest changes. */
export type Known = BoundedCache<FamilyIdentity>;
export const known = (limit = 20_000): Known => new BoundedCache(limit);

/**
 * The jar for who is about to present its only credential, without asking the store: what verifies a credential never
 * changes, and whether the family lives is what the atomic step of the rotation says. `undefined` unless there is
 * exactly one credential, of a family that this process has met and that no other family let in.
 */
export async function openKnown(
  service: Service,
  { headers }: Heard,
  origin: string,
  held: string | undefined,
): Promise<LiveJar | undefined> {
  const header = headers.get('Cookie');
  const kind = origin === NATIVE ? 'body' : 'cookie';
  const [one, more] = kind === 'body' ? [{ name: '', value: held ?? '' }] : await service.cookies.read(header, origin);
  const claimed = one && !more ? parseCredential(one.value) : undefined;
  const family = claimed && service.known.get(claimed.family);
  if (!family || !isMeant(service, family, origin) || family.parent !== null || !(await service.credentials.verify(family, claimed!))) return undefined;
  const live = { name: one!.name, rot: claimed!.rot, family, death: null };
  return { live, verified: [live], unknownSid: null, header: hinting(service, origin, header) };
}

export async function openJar(service: Service, request: Heard, origin: string): Promise<Jar> {
  const sent = request.headers.get('Cookie');
  const header = hinting(service, origin, sent);
  const cookies = await service.cookies.read(sent, origin);
  const claims = cookies.flatMap(({ name, value }) => {
    const claimed = parseCredential(value);
    return claimed ? [{ name, claimed }] : [];
  });
  if (claims.length === 0) return { live: null, verified: [], unknownSid: null, header };
  // The store's own clock judges: a node whose clock runs ahead must not call a live family dead.
  const [now, families] = await Promise.all([
    service.store.now(),
    Promise.all(claims.map(({ claimed }) => service.store.read(claimed.family))),
  ]);
  const verified: Presented[] = [];
  let unknownSid: string | null = null;
  for (const [index, { name, claimed }] of claims.entries()) {
    const family = families[index];
    if (family && isMeant(service, family, origin) && (await service.credentials.verify(family, claimed))) {
      verified.push({ name, rot: claimed.rot, family, death: deathOf(family, now) });
    } else {
      unknownSid = await sidOf(claimed.family);
    }
  }
  for (const { family, death } of verified) if (death === null) service.known.set(family.id, identityOf(family));
  verified.sort((a, b) => b.family.createdAt - a.family.createdAt || (a.family.id < b.family.id ? 1 : -1));
  return { live: verified.find(({ death }) => death === null) ?? null, verified, unknownSid, header };
}

/**
 * Whether a credential of this family may be used by that caller here. Two endpoints of one store and key could each verify
 * the other's, and whoever is let in by one (a shop) is not by the other (its back office): what keeps their cookies apart
 * is a name, and who has a cookie can rename it.
 */
const isMeant = ({ place }: Service, { credential, origin, mount = place.mount }: FamilyIdentity, caller: string): boolean =>
  credential === (caller === NATIVE ? 'body' : 'cookie') && origin === caller && mount === place.mount;

const hinting = ({ place }: Service, origin: string, header: string | null) => (origin === place.publicOrigin ? header : null);

/** The same for an app that holds its credential itself: one, and no name to expire. */
export async function openHeld(service: Service, credential: string | undefined): Promise<Jar> {
  const nothing: Jar = { live: null, verified: [], unknownSid: null, header: null };
  const claimed = credential === undefined ? undefined : parseCredential(credential);
  if (!claimed) return nothing;
  const [now, family] = await Promise.all([service.store.now(), service.store.read(claimed.family)]);
  if (!family || !isMeant(service, family, NATIVE) || !(await service.credentials.verify(family, claimed))) {
    return { ...nothing, unknownSid: await sidOf(claimed.family) };
  }
  service.known.set(family.id, identityOf(family));
  const presented: Presented = { name: '', rot: claimed.rot, family, death: deathOf(family, now) };
  return { ...nothing, live: presented.death === null ? presented : null, verified: [presented] };
}

/**
 * Expiry of the names that lead nowhere any more, and of the hint when nothing else is left. Only dead names:
 * a live family keeps its cookie whatever happens to a request. `ended` are families that died meanwhile.
 */
export function tidy(service: Service, jar: Jar<FamilyIdentity>, ended: readonly string[] = []): string[] {
  const dead = jar.verified.filter(({ family, death }) => death !== null || ended.includes(family.id));
  const cookies = dead.filter(({ name }) => name !== '').map(({ name }) => service.cookies.expire(name));
  const someoneLives = dead.length < jar.verified.length;
  if (!someoneLives && service.cookies.hasHint(jar.header)) cookies.push(service.cookies.expireHint());
  return cookies;
}
