/** Somebody may have logged in: a request that could be a login went by, and nothing tells a worker how it ended. */
import { DEADLINE_MS } from '../contract/wire.js';
import type { Clock } from '../core/ports.js';

export interface Doubt {
  /** Something that may be a login has just begun. `before`: whose session it is until then. */
  raise(before: Promise<string | undefined>): void;
  /** The endpoint is to be asked before anything is signed. */
  due(): boolean;
  /** Asks it, unless a page has said meanwhile who signed in. Rejects as `verify` does, and then the doubt stands. */
  ask(): Promise<void>;
}

/**
 * One question for each doubt, however many requests wait for it; a second one where the first may have come too early:
 *
 *   page A   POST login ─────────────── 200, the cookie is Eve's
 *   page B          └ GET api ─ verify: Ada         └ GET api ─ (10 s after the POST) verify: Eve
 */
export const createDoubt = (clock: Pick<Clock, 'monotonic'>, sid: () => string | undefined, verify: () => Promise<unknown>): Doubt => {
  let open: { at: number; before: Promise<string | undefined>; asked?: boolean } | undefined;
  let asking: Promise<void> | undefined;
  const late = () => clock.monotonic() - open!.at > DEADLINE_MS;
  const ask = async () => {
    const mine = open!;
    const last = late();
    const now = sid();
    const news = !!now && now !== (await mine.before);
    if (!news) await verify();
    mine.asked = true;
    if (open === mine && (news || last)) open = undefined;
  };
  return {
    raise(before) {
      open = { at: clock.monotonic(), before };
    },
    due: () => !!open && (!open.asked || late()),
    ask: () => (asking ??= ask().finally(() => (asking = undefined))),
  };
};
