/**
 * Writes what a call has brought, however long the store is away: what was sent is spent, and what came is nowhere else.
 *
 *     provider   rotates ─► answer
 *     store           ··· down ···········► back
 *     commit               ✗    ✗     ✗      ✓     the flight goes on; who waits for it is told to come back
 */
import type { ServerClock } from '../clock.js';
import { StoreUnavailableError, type Committed, type Store, type UpstreamCommit } from '../store.js';

/** For so long the store may be away. Beyond it the grant is given up, and with it the session. */
const KEPT_MS = 600_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

/** @throws StoreUnavailableError when the store stayed away. */
export async function keepCommit(store: Store, clock: ServerClock, id: string, commit: UpstreamCommit): Promise<Committed> {
  const until = clock.now() + KEPT_MS;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      return recognised(await store.commit(id, commit), commit);
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || clock.now() >= until) throw error;
    }
    await new Promise<void>((resolve) => clock.after(pause, resolve));
  }
}

/** The version has moved because an earlier try was carried out and its reply was lost: no two texts are sealed alike. */
function recognised(answer: Committed, { sealed, token }: UpstreamCommit): Committed {
  if (answer.kind !== 'conflict' || answer.family.upstream?.sealed !== sealed) return answer;
  const filed = token && answer.family.tokens[token.key];
  if (token && filed?.sealed !== token.sealed) return answer;
  return { ...answer, kind: 'committed', token: filed ?? null };
}
