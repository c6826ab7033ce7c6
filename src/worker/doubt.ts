/** Somebody may have logged in or out: a request that could do that went by, and nothing tells a worker how it ended. */
import { DEADLINE_MS } from '../contract/wire.js';
import type { Clock, Ledger } from '../core/ports.js';
import { promptly } from '../core/promptly.js';

/** `leaving`: a sign-out. `user`: perhaps a login. */
export type Effect = 'leaving' | 'user';

export interface Doubt {
  /** Something that may change who is signed in has just begun. Resolves when a worker that is stopped now would know of it. */
  raise(effect: Effect): Promise<unknown>;
  /** The endpoint is to be asked before anything is signed. */
  due(): Effect | undefined;
  /** Resolves when it is known what a worker of before has left in doubt. */
  recalled: Promise<unknown>;
  /** Asks it, unless a page has said meanwhile who signed in. Rejects as `verify` does, and then the doubt stands. */
  ask(): Promise<void>;
}

/** `before`: whose session it was until then. */
interface Open {
  at: number;
  effect: Effect;
  before?: string | Promise<string | undefined>;
  asked?: boolean;
}

/**
 * One question for each doubt, however many requests wait for it; a second one where the first may have come too early:
 *
 *   page A   POST login ─────────────── 200, the cookie is Eve's
 *   page B          └ GET api ─ verify: Ada         └ GET api ─ (10 s after the POST) verify: Eve
 *
 * Kept on disk, because a stopped worker would ask the pages, and they hold the token of before:
 *
 *   page A   holds Ada's token ····················· hands it out
 *   page B   POST login ─ 200, Eve's cookie            │        │
 *   worker     └ doubt ✝ (idle for 30 s)     GET api ─ starts ──┴ signs for Ada ✗
 */
export const createDoubt = (clock: Clock, disk: Ledger, known: () => Promise<string | undefined>, sid: () => string | undefined, verify: () => Promise<unknown>): Doubt => {
  // Until the disk has answered there may be one.
  const unread: Open = { at: 0, effect: 'user' };
  let open: Open | undefined = unread;
  let asking: Promise<void> | undefined;
  // By the wall: a worker's own clock begins anew with each of its lives.
  const late = () => Math.abs(clock.wall() - open!.at) > DEADLINE_MS;
  const keep = (doubt?: Open) => promptly(clock, disk.update(() => doubt));
  const ask = async () => {
    const mine = open!;
    const last = late();
    const now = sid();
    const news = !!now && now !== (await mine.before);
    if (!news) await verify();
    mine.asked = true;
    if (open !== mine || !(news || last)) return;
    open = undefined;
    await keep();
  };
  return {
    recalled: promptly(clock, disk.read()).then((stored) => {
      if (open === unread) open = stored ? { ...(stored as Open) } : undefined;
    }),
    async raise(effect) {
      // A refresh beside a logout that is still on its way might bring back the cookie that this one takes away: asked only when it is over.
      const doubt = { at: clock.wall(), effect, before: known(), asked: effect === 'leaving' };
      open = doubt;
      return keep({ ...doubt, before: await doubt.before });
    },
    due: () => (open && (!open.asked || late()) ? open.effect : undefined),
    ask: () => (asking ??= ask().finally(() => (asking = undefined))),
  };
};
