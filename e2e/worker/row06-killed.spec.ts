/** Row 6: the browser stops the worker whenever it likes, and the origin goes on. */
import { expect, test } from '../harness/fixtures.js';
import type { Origin } from '../harness/origin.js';
import type { When } from '../server/faults.js';
import { born, get, plain, stopWorkers, underWorker } from './plain.js';

/** A page that has only the worker waits for it to refresh; there and then the worker is stopped. */
async function killedMidRefresh(origin: Origin, when: When) {
  const tab = await underWorker(origin);
  const page = await plain(origin, 'first');
  expect((await get(page)).status).toBe(200);
  await tab.close();
  origin.backend.rest();
  origin.server.journal.clear();
  origin.server.api.expireAll();
  const life = await born(page);
  const barrier = origin.server.faults.hold('refresh', when);
  const asked = get(page);
  await barrier.arrived;
  await stopWorkers(page);
  return { page, life, barrier, asked };
}

for (const when of ['before', 'after'] as When[])
  test(`row 6: killed between lock and commit, ${when} the endpoint acted`, async ({ origin }) => {
    const { page, life, barrier, asked } = await killedMidRefresh(origin, when);
    barrier.release();
    // Chromium starts the worker anew and gives it the request again.
    expect(await asked).toMatchObject({ status: 200, user: 'ada' });
    const second = await plain(origin, 'second');
    expect(await get(second)).toMatchObject({ status: 200, user: 'ada' });
    expect(await born(second), 'another life of the worker').not.toBe(life);
    expect(origin.server.refreshes().length).toBeLessThanOrEqual(2);
    expect(origin.backend.reuses()).toBe(0);
    origin.backend.rest();
    origin.server.api.expireAll();
    expect(await get(page)).toMatchObject({ status: 200, user: 'ada' });
  });

test.describe('row 6, plain', () => {
  test.use({ level: 'plain' });
  /** Chromium drops even a keepalive request of a worker that it stops, and its Set-Cookie with it (docs/service-worker.md). */
  test('a strict single-use backend has spent the cookie that died with the worker: said once, and signing in again helps', async ({ origin }) => {
    const { page, barrier, asked } = await killedMidRefresh(origin, 'after');
    barrier.release();
    expect(await asked).toMatchObject({ status: 401, error: 'session_ended' });
    expect(await get(page)).toMatchObject({ status: 401, error: 'session_ended' });
    expect(origin.server.refreshes().length).toBeLessThanOrEqual(2);
    const tab = await origin.open('again');
    expect(await tab.run('login', 'eve')).toEqual({ ok: true });
    expect(await get(page)).toMatchObject({ status: 200, user: 'eve' });
  });
});

test('killed mid-proxy: the request is made again, signed, and so is the next', async ({ origin }) => {
  await underWorker(origin);
  const page = await plain(origin);
  const barrier = origin.server.faults.hold('api', 'before');
  const lost = get(page, '/api/lost');
  await barrier.arrived;
  await stopWorkers(page);
  barrier.release();
  expect(await lost).toMatchObject({ status: 200, user: 'ada' });
  expect(await get(page)).toMatchObject({ status: 200, user: 'ada' });
});

test('after an idle kill the first request costs nothing while a page with the SDK is open', async ({ origin }) => {
  await underWorker(origin);
  const page = await plain(origin);
  await get(page);
  origin.server.journal.clear();
  await stopWorkers(page);
  expect(await get(page)).toMatchObject({ status: 200, user: 'ada' });
  expect(origin.server.refreshes()).toHaveLength(0);
});

test('after an idle kill with no such page the first request costs one cached answer and no rotation', async ({ origin }) => {
  const tab = await underWorker(origin);
  const page = await plain(origin);
  await get(page);
  await tab.close();
  origin.server.journal.clear();
  const rotations = origin.backend.rotations();
  await stopWorkers(page);
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => get(page)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  expect(origin.server.refreshes().map(({ json }) => json?.outcome)).toEqual(['cached']);
  expect(origin.backend.rotations()).toBe(rotations);
});
