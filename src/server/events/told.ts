/**
 * Tells the streams of a family what is no end of it: that its cookie has rotated, that its provider does not answer.
 *
 * A rotation is the most frequent thing there is, and hardly ever does anybody listen to it: it is written to the
 * store only when some process has said, within the hour, that it has a stream of this family open. The rotation's own
 * answer says whether one has, so asking costs nothing.
 */
import type { WireReason } from '../../contract/wire.js';
import type { FamilyRecord } from '../families/family.js';
import type { Draft } from '../handler/draft.js';
import type { Service } from '../handler/service.js';

const WATCHED_MS = 3_600_000;
const DEGRADED_MS = 60_000;

/** A family as some answer of the store has it, and the store's time of that answer. */
interface Answered {
  family: FamilyRecord;
  now: number;
}

/** Said when a stream opens, and every half hour while it is open. */
export function noteWatched({ store }: Service, family: string): Promise<unknown> {
  return store.watch(family, WATCHED_MS);
}

export function announceRotation(service: Service, answered: Answered, draft: Draft): void {
  if (!watched(service, answered)) return;
  const { id, sid, gen } = answered.family;
  const given = (draft.body as { gen?: unknown } | null)?.gen;
  const data = { sid, gen: typeof given === 'number' ? given : gen };
  service.detach('announce a rotation', service.store.append(id, { type: 'rotated', data }));
}

/** Once a minute: a provider that is away is asked again and again. */
export function announceDegraded(service: Service, answered: Answered, reason: WireReason): void {
  if (!watched(service, answered)) return;
  const { store } = service;
  const { id, sid } = answered.family;
  const announce = async () => {
    if ((await store.hit(`degraded:${id}`, DEGRADED_MS)).count > 1) return;
    await store.append(id, { type: 'degraded', data: { sid, reason } });
  };
  service.detach('announce an outage of the provider', announce());
}

/** Streams of this process count even if their note has not reached the store. */
function watched({ streams }: Service, { family, now }: Answered): boolean {
  return streams.has(family.id) || (family.watchedUntil ?? 0) > now;
}
