import { expect, test } from 'vitest';
import { StoreUnavailableError } from '../../store.js';
import { together, type Asked } from './together.js';

const keysOf = (asked: readonly Asked<number>[]): string => asked.map(({ key }) => key).join();

test('what is asked in one turn goes in one call, and each gets its own answer', async () => {
  const calls: string[] = [];
  const ask = together<number, number>(async (asked) => (calls.push(keysOf(asked)), asked.map((one) => one.ask * 10)));
  expect(await Promise.all([ask('a', 1), ask('b', 2), ask('c', 3)])).toEqual([10, 20, 30]);
  expect(await ask('d', 4)).toBe(40);
  expect(calls).toEqual(['a,b,c', 'd']);
});

test('a call has an end: others use this Redis, too', async () => {
  const sizes: number[] = [];
  const ask = together<number, number>(async (asked) => (sizes.push(asked.length), asked.map((one) => one.ask)));
  const numbers = Array.from({ length: 150 }, (_, n) => n);
  expect(await Promise.all(numbers.map((n) => ask('k', n)))).toEqual(numbers);
  expect(sizes).toEqual([64, 64, 22]);
});

test('a call that fails fails for all who are in it, and for nobody else', async () => {
  let down = true;
  const ask = together<number, number>(async (asked) => {
    if (down) throw new StoreUnavailableError('Redis does not serve: OOM.');
    return asked.map((one) => one.ask);
  });
  const answers = await Promise.allSettled([ask('a', 1), ask('b', 2)]);
  for (const answer of answers) expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'store_unavailable' } });
  down = false;
  expect(await ask('a', 1)).toBe(1);
});

test('where slots must not be crossed each goes by itself, from the first refusal on', async () => {
  const calls: string[] = [];
  const ask = together<number, number>(async (asked) => {
    calls.push(keysOf(asked));
    if (asked.length > 1) throw new StoreUnavailableError('Redis does not serve: CROSSSLOT.');
    return asked.map((one) => one.ask);
  });
  expect(await Promise.all([ask('a', 1), ask('b', 2)])).toEqual([1, 2]);
  expect(await Promise.all([ask('c', 3), ask('d', 4)])).toEqual([3, 4]);
  expect(calls).toEqual(['a,b', 'a', 'b', 'c', 'd']);
});
