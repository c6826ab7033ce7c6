/** The context that is refreshing right now, and a way to end it there: what rows 2 and 3 share. */
import { expect } from '@playwright/test';
import type { Barrier } from '../server/barrier.js';
import { slow, type When } from '../server/faults.js';
import type { Entry } from '../server/journal.js';
import { type House, neverEnded } from './origin.js';
import type { Context } from './tab.js';

export interface Ended<T extends Context> {
  victim: T;
  survivors: T[];
  barrier: Barrier<Entry>;
  /** What the survivors' API calls came to. */
  answers: () => Promise<unknown[]>;
}

/** A storm of 401s; the tab that refreshes is ended while the server holds its request. */
export async function endMidRefresh<T extends Context>(origin: House<T>, tabs: T[], when: When, end: (victim: T) => Promise<void>): Promise<Ended<T>> {
  const barrier = origin.server.faults.hold('refresh', when);
  const storm = origin.storm(tabs);
  const { from } = await barrier.arrived;
  const victim = tabs.find((tab) => tab.name === from);
  if (!victim) throw new Error(`The refresh came from "${from}", which is no tab of this test.`);
  const survivors = tabs.filter((tab) => tab !== victim);
  await end(victim);
  return { victim, survivors, barrier, answers: () => Promise.all(survivors.map((tab) => storm.get(tab))) };
}

export const allServed = (contexts: readonly Context[]): unknown[] => contexts.map(() => expect.objectContaining({ ok: true, value: expect.objectContaining({ status: 200 }) }));

const USUAL_MS = 300;

/**
 * Five refreshes of a usual length, so that a backend without attempt ids has shown how long an orphan may take:
 * a successor is then patient for 4 × that + 1 s.
 */
export async function observeDurations(origin: House<Context>, tab: Context): Promise<void> {
  origin.server.faults.always('refresh', slow(USUAL_MS));
  for (let n = 0; n < 5; n += 1) expect(await tab.run('refresh')).toMatchObject({ ok: true });
  origin.server.faults.heal();
  origin.server.journal.clear();
}

/** The orphan lives on for twice the usual length: a hasty successor would long have presented the spent cookie. */
export const orphanLivesOn = (): Promise<void> => new Promise((done) => setTimeout(done, 2 * USUAL_MS));

/** The refresh cookie the browser is left with is good for another refresh. */
export async function stillAlive(origin: House<Context>, survivors: readonly Context[]): Promise<void> {
  await neverEnded(survivors);
  expect(origin.backend.reuses(), 'nobody looked like a thief').toBe(0);
  origin.backend.rest();
  expect(await survivors[0]!.run('refresh')).toMatchObject({ ok: true });
  await neverEnded(survivors);
}
