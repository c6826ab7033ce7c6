/**
 * Tells the streams of a family what is no end of it: that its cookie has rotated, that its provider does not answer.
 *
 * A rotation is the most frequent thing there is, and hardly ever does anybody listen to it: it is written to the
 * store only when some process has said, within the hour, that it has a stream of this family open.
 */
import type { WireReason } from '../../contract/wire.js';
import type { FamilyRecord } from '../families/family.js';
import type { Draft } from '../handler/draft.js';
import type { Service } from '../handler/service.js';

const WATCHED_MS = 3_600_000;
const DEGRADED_MS = 60_000;
const noteOf = (family: string) => `watched:${family}`;

/** Said when a stream opens, and every half hour while it is open. */
export function noteWatched({ store }: Service, family: string): Promise<unknown> {
  return store.put(noteOf(family), '1', { ttlMs: WATCHED_MS });
}

export function announceRotation(service: Service, { id, sid, gen }: FamilyRecord, draft: Draft): void {
  const answered = (draft.body as { gen?: unknown } | null)?.gen;
  const announce = async () => {
    if (!(await watched(service, id))) return;
    await service.store.append(id, { type: 'rotated', data: { sid, gen: typeof answered === 'number' ? answered : gen } });
  };
  service.detach('announce a rotation', announce());
}

/** Once a minute: a provider that is away is asked again and again. */
export function announceDegraded(service: Service, { id, sid }: FamilyRecord, reason: WireReason): void {
  const { store } = service;
  const announce = async () => {
    if (!(await watched(service, id)) || (await store.hit(`degraded:${id}`, DEGRADED_MS)).count > 1) return;
    await store.append(id, { type: 'degraded', data: { sid, reason } });
  };
  service.detach('announce an outage of the provider', announce());
}

async function watched({ store, streams }: Service, family: string): Promise<boolean> {
  return streams.has(family) || (await store.get(noteOf(family))) !== undefined;
}
