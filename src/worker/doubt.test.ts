import { expect, it } from 'vitest';
import type { Clock, Ledger } from '../core/ports.js';
import { createDoubt } from './doubt.js';

/** `disk`: what a worker of before has left there. */
const setUp = async (session: { sid?: string } = { sid: 'ada' }, disk: { stored?: unknown } = {}) => {
  const seen = { now: 0, asked: 0, fail: false };
  const ledger: Ledger = { read: async () => disk.stored, update: async (change) => (disk.stored = change(disk.stored)) };
  const clock = { wall: () => seen.now, after: () => () => {} } as unknown as Clock;
  const doubt = createDoubt(
    clock,
    ledger,
    async () => session.sid,
    () => session.sid,
    async () => {
      seen.asked += 1;
      if (seen.fail) throw new Error('no answer');
    },
  );
  const asleep = doubt.due();
  await doubt.recalled;
  return { doubt, seen, session, disk, asleep };
};

it('without a doubt nothing is asked; until the disk has answered there may be one', async () => {
  const { doubt, asleep } = await setUp();
  expect([asleep, doubt.due()]).toEqual(['user', undefined]);
});

it('asks once for many requests, and no more', async () => {
  const { doubt, seen } = await setUp();
  await doubt.raise('user');
  expect(doubt.due()).toBe('user');
  await Promise.all([doubt.ask(), doubt.ask(), doubt.ask()]);
  expect([seen.asked, doubt.due()]).toEqual([1, undefined]);
});

it('asks once more where the login may have ended after the first answer, and is settled then', async () => {
  const { doubt, seen, disk } = await setUp();
  await doubt.raise('user');
  await doubt.ask();
  seen.now = 10_001;
  expect(doubt.due()).toBe('user');
  await doubt.ask();
  seen.now = 60_000;
  expect([seen.asked, doubt.due(), disk.stored]).toEqual([2, undefined, undefined]);
});

it('another session than before is the answer: whether a page said so, or the endpoint', async () => {
  const { doubt, seen, session, disk } = await setUp();
  await doubt.raise('user');
  session.sid = 'eve';
  await doubt.ask();
  seen.now = 60_000;
  expect([seen.asked, doubt.due(), disk.stored]).toEqual([0, undefined, undefined]);
});

it('an endpoint that does not answer leaves the doubt, and so does a login that began meanwhile', async () => {
  const { doubt, seen } = await setUp();
  await doubt.raise('user');
  seen.fail = true;
  await expect(doubt.ask()).rejects.toThrow('no answer');
  expect(doubt.due()).toBe('user');
  seen.fail = false;
  const asked = doubt.ask();
  await doubt.raise('user');
  await asked;
  expect(doubt.due()).toBe('user');
});

it('a worker that was stopped before it asked has not forgotten; its question is the only one when the login is long over', async () => {
  const disk = {};
  const before = await setUp({ sid: 'ada' }, disk);
  await before.doubt.raise('user');
  const { doubt, seen } = await setUp({ sid: 'ada' }, disk);
  seen.now = 30_000;
  expect(doubt.due()).toBe('user');
  await doubt.ask();
  expect([seen.asked, doubt.due(), disk]).toEqual([1, undefined, { stored: undefined }]);
});

it('a sign-out is asked about when it is over, once: a question beside it could bring its cookie back', async () => {
  const disk = {};
  const before = await setUp({ sid: 'ada' }, disk);
  await before.doubt.raise('leaving');
  for (const { doubt, seen } of [await setUp({ sid: 'ada' }, disk), before]) {
    expect(doubt.due()).toBeUndefined();
    seen.now = 10_001;
    expect(doubt.due()).toBe('leaving');
    await doubt.ask();
    expect([seen.asked, doubt.due()]).toEqual([1, undefined]);
  }
});

it.each([[5], ['x'], [{}], [{ at: 'x', effect: 'user' }]])('a disk with nonsense on it is at most one question more: %j', async (stored) => {
  const { doubt, seen } = await setUp({}, { stored });
  if (doubt.due()) await doubt.ask();
  seen.now = 60_000;
  expect([seen.asked < 2, doubt.due()]).toEqual([true, undefined]);
});
