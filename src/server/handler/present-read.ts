/**
 * What a cookie is worth to a reader that must not rotate (`/session`, events, server-side helpers):
 *
 *     p = rot, or one behind within C → active       a reply may still be on its way
 *     older                           → stale        never reuse: reading convicts nobody
 */
import { deathOf } from '../families/family.js';
import type { EndedReason } from '../../contract/wire.js';
import { openJar, type Jar, type Presented } from './jar.js';
import type { Service } from './service.js';

export type Reading =
  | { kind: 'active'; presented: Presented; now: number; jar: Jar }
  | { kind: 'inactive'; reason: EndedReason | 'no_cookie' | 'stale'; jar: Jar };

export async function readPresented(service: Service, request: Request, origin: string): Promise<Reading> {
  const jar = await openJar(service, request, origin);
  const { live, verified, unknownSid } = jar;
  if (!live) {
    const reason = verified[0]?.death ?? (unknownSid === null ? 'no_cookie' : 'no_session');
    return { kind: 'inactive', reason, jar };
  }
  const now = await service.store.now();
  const { family, rot } = live;
  const death = deathOf(family, now);
  if (death) return { kind: 'inactive', reason: death, jar };
  const behind = family.rot - rot;
  const current = behind <= 0 || (behind === 1 && now - family.rotatedAt <= service.timing.raceMs);
  return current ? { kind: 'active', presented: live, now, jar } : { kind: 'inactive', reason: 'stale', jar };
}
