/**
 * `GET /auth/devices` and `DELETE /auth/devices/:id`: where the caller is signed in, and the way to end it there.
 *
 * A device is a family. It is named by its session id, which says nothing about its cookie. Only families of the same
 * user count; one of somebody else and one that does not exist are answered alike.
 */
import type { DevicesAnswer } from '../../contract/wire.js';
import { deathOf, type FamilyRecord } from '../families/family.js';
import { endFamilyNow } from '../handler/aftermath.js';
import { ended, nobody, ok, refusal, type Draft } from '../handler/draft.js';
import type { Caller } from '../handler/gate.js';
import { tidy } from '../handler/jar.js';
import { readPresented, type Reading } from '../handler/present-read.js';
import type { Service } from '../handler/service.js';

/** A user with more devices than this sees those that were used last. */
const MOST = 100;

export async function listDevices(service: Service, request: Request, caller: Caller): Promise<Draft> {
  const reading = await readPresented(service, request, caller.origin);
  if (reading.kind === 'inactive') return turnedAway(service, reading);
  const { family: own } = reading.presented;
  const families = await familiesOf(service, own, reading.now);
  const body: DevicesAnswer = {
    devices: families.slice(0, MOST).map(({ id, sid, label, client, createdAt, seenAt }) => ({
      id: sid,
      label,
      client,
      first_seen: createdAt,
      last_seen: seenAt,
      current: id === own.id,
    })),
  };
  return ok(body, tidy(service, reading.jar));
}

export async function endDevice(service: Service, request: Request, caller: Caller, id: string): Promise<Draft> {
  const reading = await readPresented(service, request, caller.origin);
  if (reading.kind === 'inactive') return turnedAway(service, reading);
  const { family: own } = reading.presented;
  const families = await familiesOf(service, own, reading.now);
  const meant = families.find(({ sid }) => sid === id);
  if (!meant) return refusal(404, 'invalid_request', 'malformed', 'None of your devices has this id: it may have been signed out already.');
  // What a user ends here by hand was signed out; `revoked` is an operator's or a theft's.
  await endFamilyNow(service, meant, 'signed_out');
  return { status: 204, body: null, cookies: tidy(service, reading.jar, [meant.id]), headers: {} };
}

/** Living families of the same user, the one that asks first, then by last use. */
async function familiesOf({ store }: Service, own: FamilyRecord, now: number): Promise<FamilyRecord[]> {
  const [byUser] = own.indexes;
  const ids = byUser === undefined ? [own.id] : await store.find(byUser);
  const families = await Promise.all(ids.map((id) => store.read(id)));
  return families
    .filter((family): family is FamilyRecord => family !== undefined && family.sub === own.sub && deathOf(family, now) === null)
    .sort((a, b) => Number(b.id === own.id) - Number(a.id === own.id) || b.seenAt - a.seenAt);
}

/** An old cookie may not look around: it may be a thief's. Being turned away convicts nobody. */
export function turnedAway(service: Service, { reason, jar }: Extract<Reading, { kind: 'inactive' }>): Draft {
  const cookies = tidy(service, jar);
  if (reason === 'no_cookie') return nobody(cookies);
  if (reason === 'stale') return refusal(409, 'temporarily_unavailable', 'version_conflict', 'This cookie is not the newest of its session. Refresh, then ask again.');
  const sid = jar.verified[0]?.family.sid ?? jar.unknownSid;
  return sid === null ? nobody(cookies) : ended(reason, sid, cookies);
}
