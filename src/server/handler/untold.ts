/**
 * Ends that nobody has told of: the store carried one out, and its answer was lost, or a replica did not have it in time.
 *
 *     first try   end ─► tombstone ─► no answer in time ─► 503
 *     second      end ─► "has ended already" ─► 5 s ─► no note that it was told: told now
 *
 * Who tells an end leaves a note. Who meets an end of somebody else's looks for the note, a little later: until then the
 * one who ended it is about to leave it.
 */
import type { FamilyRecord } from '../families/family.js';
import { StoreUnavailableError } from '../store.js';
import type { Settings } from './service.js';

/** When it is looked for, each counted from the look before, which the store did not answer. */
const PAUSES_MS = [5_000, 30_000, 120_000];
/** Older ends are history: their browsers have heard, or are gone. */
const RECENT_MS = 600_000;

const noteOf = (id: string) => `told:${id}`;

export function noteTold({ store, detach }: Settings, id: string): void {
  detach('note that an end was told', store.put(noteOf(id), '', { ttlMs: 2 * RECENT_MS }));
}

/** Calls `tell` if the family has ended lately, and nobody has told of it. */
export function tellIfUntold(settings: Settings, id: string, tell: (family: FamilyRecord) => void): void {
  const { clock, untold, detach } = settings;
  if (untold.has(id)) return;
  untold.add(id);
  const looking = async () => {
    for (const pause of PAUSES_MS) {
      await new Promise<void>((resolve) => clock.after(pause, resolve));
      if (await look(settings, id, tell)) return;
    }
  };
  detach('tell of an end', looking().finally(() => untold.delete(id)));
}

/** False when the store does not answer. */
async function look({ store }: Settings, id: string, tell: (family: FamilyRecord) => void): Promise<boolean> {
  try {
    const family = await store.read(id);
    if (!family || family.endedAt === null || (await store.now()) - family.endedAt > RECENT_MS) return true;
    // Written again: it counts when the replicas have it.
    await store.end(id, family.endedReason ?? 'revoked');
    if (await store.put(noteOf(id), '', { ttlMs: 2 * RECENT_MS, ifAbsent: true })) tell(family);
    return true;
  } catch (error) {
    if (error instanceof StoreUnavailableError) return false;
    throw error;
  }
}
