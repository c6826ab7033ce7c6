/** What every lock manager must do, the browser's, the virtual one and the lease lock alike. */
import { describe, expect, it } from 'vitest';
import type { Held, LockManager } from '../../core/ports.js';
import type { Passage } from './subject.js';

export interface LockSubject extends Passage {
  /** Two contexts of one origin. */
  first: LockManager;
  second: LockManager;
}

export const lockContract = (title: string, setup: () => LockSubject | Promise<LockSubject>): void => {
  /** A name of its own for each test: real locks outlive a test that failed. */
  let serial = 0;
  const begin = async () => ({ ...(await setup()), name: `contract-${serial++}` });
  const watch = (promise: Promise<unknown>) => {
    const state = { settled: false };
    void promise.then(() => (state.settled = true));
    return state;
  };

  describe(`lock contract: ${title}`, () => {
    it('grants a free lock, and again after its release', async () => {
      const { first, name, within } = await begin();
      for (let round = 0; round < 3; round++) (await within(first.request(name).granted))!.release();
    });

    it('keeps a second context waiting until the first lets go', async () => {
      const { first, second, name, pass, within } = await begin();
      const held = (await within(first.request(name).granted))!;
      const waiting = second.request(name);
      const state = watch(waiting.granted);
      await pass(30);
      expect(state.settled).toBe(false);
      held.release();
      (await within(waiting.granted))!.release();
    });

    it('serves waiters in the order of their requests', async () => {
      const { first, second, name, pass, within } = await begin();
      const held = (await within(first.request(name).granted))!;
      const order: string[] = [];
      const enter = async (label: string, locks: LockManager) => {
        const granted = locks.request(name).granted.then((mine) => {
          order.push(label);
          mine!.release();
        });
        await pass(30);
        return { granted };
      };
      const waits = [await enter('a', second), await enter('b', first), await enter('c', second)];
      held.release();
      await within(Promise.all(waits.map(({ granted }) => granted)));
      expect(order).toEqual(['a', 'b', 'c']);
    });

    it('does not mix names', async () => {
      const { first, second, name, within } = await begin();
      const one = (await within(first.request(`${name}/one`).granted))!;
      const other = (await within(second.request(`${name}/other`).granted))!;
      one.release();
      other.release();
    });

    it('an aborted waiter gets nothing, and the queue moves on without it', async () => {
      const { first, second, name, pass, within } = await begin();
      const held = (await within(first.request(name).granted))!;
      const aborted = second.request(name);
      await pass(30);
      const next = first.request(name);
      await pass(30);
      aborted.abort();
      expect(await within(aborted.granted)).toBeUndefined();
      held.release();
      (await within(next.granted))!.release();
    });

    it('abort in the same instant as the request leaves the lock free', async () => {
      const { first, second, name, within } = await begin();
      const request = first.request(name);
      request.abort();
      expect(await within(request.granted)).toBeUndefined();
      (await within(second.request(name).granted))!.release();
    });

    it('abort after the grant lets go of it', async () => {
      const { first, second, name, within } = await begin();
      const request = first.request(name);
      await within(request.granted);
      request.abort();
      (await within(second.request(name).granted))!.release();
    });

    it('a second release, or a late abort, frees nobody else', async () => {
      const { first, second, name, pass, within } = await begin();
      const request = first.request(name);
      const held = (await within(request.granted))!;
      held.release();
      const other = (await within(second.request(name).granted))!;
      held.release();
      request.abort();
      const third = first.request(name);
      const state = watch(third.granted);
      await pass(30);
      expect(state.settled).toBe(false);
      other.release();
      (await within(third.granted))!.release();
    });

    it('steal takes it at once; the victim learns of it, the waiters keep their place', async () => {
      const { first, second, name, pass, within } = await begin();
      const held = (await within(first.request(name).granted))!;
      const waiting = first.request(name);
      const state = watch(waiting.granted);
      await pass(30);
      const stolen = (await within(second.request(name, { steal: true }).granted)) as Held;
      await within(held.lost);
      held.release();
      await pass(30);
      expect(state.settled).toBe(false);
      stolen.release();
      (await within(waiting.granted))!.release();
    });

    it('steal takes a free lock, too', async () => {
      const { second, name, within } = await begin();
      (await within(second.request(name, { steal: true }).granted))!.release();
      (await within(second.request(name).granted))!.release();
    });

    it('a steal that was aborted in the same instant keeps nothing', async () => {
      const { first, second, name, within } = await begin();
      const request = first.request(name, { steal: true });
      request.abort();
      expect(await within(request.granted)).toBeUndefined();
      (await within(second.request(name).granted))!.release();
    });

    it('an ordinary release is no loss', async () => {
      const { first, second, name, pass, within } = await begin();
      const held = (await within(first.request(name).granted))!;
      const state = watch(held.lost);
      held.release();
      (await within(second.request(name).granted))!.release();
      await pass(30);
      expect(state.settled).toBe(false);
    });
  });
};
