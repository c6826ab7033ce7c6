/**
 * The lock manager of a virtual origin: exclusive, first come first served, with steal, and with the
 * back/forward cache's traps as they were measured.
 */
import type { Held, LockManager, LockRequest } from '../core/ports.js';
import type { Conditions } from './conditions.js';
import type { Prng } from './prng.js';
import type { Scheduler } from './scheduler.js';
import type { Vitality } from './vitality.js';

interface Claim {
  owner: Vitality;
  name: string;
  grant(held: Held): void;
  readonly lost: Promise<void>;
  lose(): void;
}

interface Lock {
  holder: Claim | undefined;
  queue: Claim[];
  /**
   * Chromium: a context queues behind a page that is then cached; a third request evicts that page, and
   * the lock goes to nobody until some waiter takes its request back or the lock is stolen.
   *
   *   A (cached) holds ── B queued, starves ── C requests → A evicted → held: 0, pending: 2
   */
  wedged: boolean;
}

export interface VirtualLocks {
  managerFor(owner: Vitality): LockManager;
  /** Who holds what, for tests. */
  holders(name: string): { held: boolean; pending: number };
  /** True when this context holds or awaits any lock. */
  involves(owner: Vitality): boolean;
  /** Takes everything away from a context; `tell` lets it know, when it runs again. */
  drop(owner: Vitality, tell: boolean): void;
}

export const createVirtualLocks = (scheduler: Scheduler, prng: Prng, conditions: Conditions): VirtualLocks => {
  const locks = new Map<string, Lock>();

  const lockNamed = (name: string): Lock => {
    let lock = locks.get(name);
    if (!lock) locks.set(name, (lock = { holder: undefined, queue: [], wedged: false }));
    return lock;
  };

  const remove = (claim: Claim): void => {
    const lock = lockNamed(claim.name);
    if (lock.holder === claim) lock.holder = undefined;
    const place = lock.queue.indexOf(claim);
    if (place >= 0) {
      lock.queue.splice(place, 1);
      lock.wedged = false;
    }
    advance(lock);
  };

  const give = (lock: Lock, claim: Claim): void => {
    lock.holder = claim;
    // The manager has granted it; its owner learns of that later, and a frozen one not before it thaws.
    scheduler.after(
      prng.between(conditions.grantDelay),
      () => claim.grant({ release: () => claim.owner.alive() && remove(claim), lost: claim.lost }),
      claim.owner.tasks,
    );
  };

  const advance = (lock: Lock): void => {
    if (lock.holder || lock.wedged) return;
    const next = lock.queue.shift();
    if (next) give(lock, next);
  };

  const tellLost = (claim: Claim): void => {
    scheduler.after(prng.between(conditions.grantDelay), claim.lose, claim.owner.tasks);
  };

  const contend = (lock: Lock): void => {
    const holder = lock.holder;
    if (holder?.owner.state() !== 'cached' || conditions.engine !== 'chromium') return;
    if (lock.queue.length > 0) {
      lock.wedged = true;
      lock.holder = undefined;
    }
    holder.owner.die();
  };

  const request = (owner: Vitality, name: string, steal: boolean): LockRequest => {
    let answer!: (held: Held | undefined) => void;
    const granted = new Promise<Held | undefined>((resolve) => (answer = resolve));
    let lose!: () => void;
    const lost = new Promise<void>((resolve) => (lose = resolve));
    let aborted = false;
    const claim: Claim = {
      owner,
      name,
      grant: (held) => {
        if (!aborted) answer(held);
      },
      lost,
      lose,
    };

    if (owner.alive()) {
      const lock = lockNamed(name);
      if (steal) {
        const victim = lock.holder;
        lock.wedged = false;
        give(lock, claim);
        if (victim) tellLost(victim);
      } else {
        contend(lock);
        lock.queue.push(claim);
        advance(lock);
      }
    }
    return {
      granted,
      abort() {
        if (aborted || !owner.alive()) return;
        aborted = true;
        answer(undefined);
        remove(claim);
      },
    };
  };

  const claimsOf = (owner: Vitality): Claim[] =>
    [...locks.values()].flatMap((lock) =>
      [...(lock.holder ? [lock.holder] : []), ...lock.queue].filter((claim) => claim.owner === owner),
    );

  const drop = (owner: Vitality, tell: boolean): void => {
    for (const claim of claimsOf(owner)) {
      const held = lockNamed(claim.name).holder === claim;
      remove(claim);
      if (tell && held) tellLost(claim);
    }
  };

  return {
    managerFor(owner) {
      owner.onDeath(() => scheduler.after(prng.between(conditions.deathDelay), () => drop(owner, false)));
      return { request: (name, options) => request(owner, name, options?.steal === true) };
    },
    holders(name) {
      const lock = locks.get(name);
      return { held: lock?.holder !== undefined, pending: lock?.queue.length ?? 0 };
    },
    involves: (owner) => claimsOf(owner).length > 0,
    drop,
  };
};
