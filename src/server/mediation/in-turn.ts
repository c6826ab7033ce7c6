/**
 * One after the other within this process, whatever becomes of the lease: a store that was away may have lost it.
 *
 *     flight a   lease ─► spends rt-0 ─► commit ✗ ✗ ✗ ──────── ✓ rt-1
 *     flight b      the lease lapses ─► lease ─► waits for a ─► finds rt-1, not the spent rt-0
 */
export async function inTurn<T>(turns: Map<string, Promise<unknown>>, name: string, run: () => Promise<T>): Promise<T> {
  const before = turns.get(name);
  const turn = before ? before.then(run, run) : run();
  turns.set(name, turn);
  try {
    return await turn;
  } finally {
    if (turns.get(name) === turn) turns.delete(name);
  }
}
