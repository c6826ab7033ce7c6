/**
 * Writes what a call has brought, however long the store is away: what was sent is spent, and what came is nowhere else.
 *
 *     provider   rotates ─► answer
 *     store           ··· down ···········► back
 *     commit               ✗    ✗     ✗      ✓     the flight goes on; who waits for it is told to come back
 */
import { pause, type ServerClock } from '../clock.js';
import type { FamilyRecord } from '../families/family.js';
import { StoreUnavailableError, type Committed, type Store, type UpstreamCommit } from '../store.js';

/** For so long the store may be away. Beyond it the grant is given up, and with it the session. */
const KEPT_MS = 600_000;
const FIRST_PAUSE_MS = 50;
export const LONGEST_PAUSE_MS = 1_000;

/**
 * @param from The family as it was read before the call.
 * @throws StoreUnavailableError when the store stayed away.
 */
export async function keepCommit(store: Store, clock: ServerClock, from: FamilyRecord, commit: UpstreamCommit): Promise<Committed> {
  const until = clock.now() + KEPT_MS;
  let { ver } = commit;
  for (let wait = FIRST_PAUSE_MS; ; ) {
    try {
      const answer = recognised(await store.commit(from.id, { ...commit, ver }), commit);
      if (answer.kind !== 'conflict' || !behind(answer.family, from)) return answer;
      ver = answer.family.upstream!.ver;
      continue;
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || clock.now() >= until) throw error;
    }
    await pause(clock, wait);
    wait = Math.min(2 * wait, LONGEST_PAUSE_MS);
  }
}

/**
 * The version is another one, and yet nobody has a newer grant than the one that this call has brought:
 *
 *     the same grant     somebody who wrote only when the family is due next had lost its lease
 *     a lower version    the store has come back as it was before what was read
 */
function behind({ salt, upstream }: FamilyRecord, from: FamilyRecord): boolean {
  // A family that has begun anew under this id has a grant of its own.
  if (!upstream || !from.upstream || salt !== from.salt) return false;
  return upstream.sealed === from.upstream.sealed || upstream.ver < from.upstream.ver;
}

/** The version has moved because an earlier try was carried out and its reply was lost: no two texts are sealed alike. */
function recognised(answer: Committed, { sealed, token }: UpstreamCommit): Committed {
  if (answer.kind !== 'conflict' || answer.family.upstream?.sealed !== sealed) return answer;
  const filed = token && answer.family.tokens[token.key];
  if (token && filed?.sealed !== token.sealed) return answer;
  return { ...answer, kind: 'committed', token: filed ?? null };
}
