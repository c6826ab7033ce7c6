import { expect, it } from 'vitest';
import { createDoubt } from './doubt.js';

const setUp = (session: { sid?: string } = { sid: 'ada' }) => {
  const seen = { now: 0, asked: 0, fail: false };
  const doubt = createDoubt({ monotonic: () => seen.now }, () => session.sid, async () => {
    seen.asked += 1;
    if (seen.fail) throw new Error('no answer');
  });
  return { doubt, seen, session, raise: (before: string | undefined = session.sid) => doubt.raise(Promise.resolve(before)) };
};

it('without a doubt nothing is asked', () => expect(setUp().doubt.due()).toBe(false));

it('asks once for many requests, and no more', async () => {
  const { doubt, seen, raise } = setUp();
  raise();
  expect(doubt.due()).toBe(true);
  await Promise.all([doubt.ask(), doubt.ask(), doubt.ask()]);
  expect([seen.asked, doubt.due()]).toEqual([1, false]);
});

it('asks once more where the login may have ended after the first answer, and is settled then', async () => {
  const { doubt, seen, raise } = setUp();
  raise();
  await doubt.ask();
  seen.now = 10_001;
  expect(doubt.due()).toBe(true);
  await doubt.ask();
  seen.now = 60_000;
  expect([seen.asked, doubt.due()]).toEqual([2, false]);
});

it('another session than before is the answer: whether a page said so, or the endpoint', async () => {
  const { doubt, seen, session, raise } = setUp();
  raise();
  session.sid = 'eve';
  await doubt.ask();
  seen.now = 60_000;
  expect([seen.asked, doubt.due()]).toEqual([0, false]);
});

it('an endpoint that does not answer leaves the doubt, and so does a login that began meanwhile', async () => {
  const { doubt, seen, raise } = setUp();
  raise();
  seen.fail = true;
  await expect(doubt.ask()).rejects.toThrow('no answer');
  expect(doubt.due()).toBe(true);
  seen.fail = false;
  const asked = doubt.ask();
  raise();
  await asked;
  expect(doubt.due()).toBe(true);
});
