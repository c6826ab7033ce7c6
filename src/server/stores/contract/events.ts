/** Topics, tails and replay. */
import type { StoredEvent } from '../../store.js';
import { bench, type OpenStore, type TestRunner } from './harness.js';

export function eventContract(open: OpenStore, runner: TestRunner): void {
  const { describe, test, expect } = runner;
  const on = bench(open, runner);
  describe('events', () => {
    /** Resolves once the listener has seen `count` events. */
    function collect(count: number) {
      const seen: StoredEvent[] = [];
      let done: () => void = () => {};
      const all = new Promise<void>((resolve) => (done = resolve));
      return { seen, all, listen: (event: StoredEvent) => void (seen.push(event) === count && done()) };
    }
    test('a tail hears what other processes append to its topic, in order', async () => {
      const { seen, all, listen } = collect(3);
      const stop = await on.peer.tail('t', undefined, listen);
      await on.store.append('elsewhere', { type: 'rotated', data: { gen: 9 } });
      for (const gen of [1, 2, 3]) await on.store.append('t', { type: 'rotated', data: { gen, note: 'ü', ok: true } });
      await all;
      stop();
      expect(seen.map(({ type, data }) => [type, data['gen']])).toEqual([['rotated', 1], ['rotated', 2], ['rotated', 3]]);
      expect(seen[0]!.data).toEqual({ gen: 1, note: 'ü', ok: true });
      expect(new Set(seen.map(({ id }) => id)).size).toBe(3);
    });
    test('a tail goes on after the last id it saw', async () => {
      const first = await on.store.append('t', { type: 'rotated', data: { gen: 1 } });
      await on.store.append('t', { type: 'rotated', data: { gen: 2 } });
      const { seen, all, listen } = collect(2);
      const stop = await on.peer.tail('t', first, listen);
      await on.store.append('t', { type: 'revoked', data: { reason: 'revoked' } });
      await all;
      stop();
      expect(seen.map(({ type }) => type)).toEqual(['rotated', 'revoked']);
    });
    test('a tail without an id hears nothing of the past', async () => {
      await on.store.append('t', { type: 'rotated', data: { gen: 1 } });
      const { seen, all, listen } = collect(1);
      const stop = await on.store.tail('t', undefined, listen);
      await on.store.append('t', { type: 'rotated', data: { gen: 2 } });
      await all;
      stop();
      expect(seen.map(({ data }) => data['gen'])).toEqual([2]);
    });
    test('a stopped tail is silent, its twin goes on', async () => {
      const stopped = collect(1);
      const other = collect(1);
      (await on.store.tail('t', undefined, stopped.listen))();
      const stop = await on.store.tail('t', undefined, other.listen);
      await on.store.append('t', { type: 'rotated', data: {} });
      await other.all;
      stop();
      expect(stopped.seen).toEqual([]);
    });
    test('a tail that is stopped by what it hears, hears no more', async () => {
      const heard: unknown[] = [];
      const stop = await on.store.tail('t', undefined, ({ data }) => {
        heard.push(data['gen']);
        stop();
      });
      const { all, listen } = collect(3);
      const stopOther = await on.store.tail('t', undefined, listen);
      for (const gen of [1, 2, 3]) await on.peer.append('t', { type: 'rotated', data: { gen } });
      await all;
      stopOther();
      expect(heard).toEqual([1]);
    });
    test('a listener never runs inside the call that it hears of', async () => {
      let returned = false;
      const heard: boolean[] = [];
      const { all, listen } = collect(1);
      const stop = await on.store.tail('t', undefined, (event) => (heard.push(returned), listen(event)));
      const appended = on.store.append('t', { type: 'rotated', data: {} });
      returned = true;
      await Promise.all([appended, all]);
      stop();
      expect(heard).toEqual([true]);
    });
    test('tails of one topic that begin at different events each get theirs, once', async () => {
      const first = await on.store.append('t', { type: 'rotated', data: { gen: 1 } });
      const second = await on.peer.append('t', { type: 'rotated', data: { gen: 2 } });
      const tails = [collect(2), collect(3), collect(2)];
      const stops = await Promise.all([undefined, first, second].map((after, i) => on.store.tail('t', after, tails[i]!.listen)));
      const third = await on.store.append('t', { type: 'rotated', data: { gen: 3 } });
      await on.peer.append('t', { type: 'rotated', data: { gen: 4 } });
      await Promise.all(tails.map(({ all }) => all));
      for (const stop of stops) stop();
      expect(Number(third)).toBeGreaterThan(Number(second));
      expect(tails.map(({ seen }) => seen.map(({ data }) => data['gen']))).toEqual([[3, 4], [2, 3, 4], [3, 4]]);
    });
    test('a tail that joins takes nothing away from one that is there', async () => {
      const { seen, all, listen } = collect(1);
      const stops = [await on.store.tail('t', undefined, listen)];
      // Nobody has told this process yet; the new tail must not be what makes it forget.
      await on.peer.append('t', { type: 'rotated', data: { gen: 1 } });
      stops.push(await on.store.tail('t', undefined, () => {}));
      await all;
      for (const stop of stops) stop();
      expect(seen.map(({ data }) => data['gen'])).toEqual([1]);
    });
    test('topics are told apart, whatever is in their names', async () => {
      const names = ['t', 't\0', 't\0{x}', 'ü'];
      const heard = names.map(() => collect(1));
      const stops = await Promise.all(names.map((name, i) => on.store.tail(name, undefined, heard[i]!.listen)));
      for (const name of names) await on.peer.append(name, { type: 'rotated', data: { name } });
      await Promise.all(heard.map(({ all }) => all));
      for (const stop of stops) stop();
      expect(heard.map(({ seen }) => seen.map(({ data }) => data['name']))).toEqual(names.map((name) => [name]));
    });
    test('the last 64 events of a topic are there to be replayed', async () => {
      const ids: string[] = [];
      for (let gen = 0; gen < 65; gen += 1) ids.push(await on.store.append('t', { type: 'rotated', data: { gen } }));
      const { seen, all, listen } = collect(64);
      const stop = await on.peer.tail('t', ids[0], listen);
      await all;
      stop();
      expect(seen.map(({ id }) => id)).toEqual(ids.slice(1));
    });
    test('an invented last id keeps nothing from the others', async () => {
      await on.store.append('t', { type: 'rotated', data: { gen: 1 } });
      const { seen, all, listen } = collect(1);
      const stops = [await on.store.tail('t', '9007199254740991', () => {}), await on.store.tail('t', undefined, listen)];
      await on.store.append('t', { type: 'rotated', data: { gen: 2 } });
      await all;
      for (const stop of stops) stop();
      expect(seen.map(({ data }) => data['gen'])).toEqual([2]);
    });
    test('an unknown last id is harmless', async () => {
      const { all, listen } = collect(1);
      const stop = await on.store.tail('t', 'not-an-id', listen);
      await on.store.append('t', { type: 'rotated', data: {} });
      await all;
      stop();
    });
  });
}
