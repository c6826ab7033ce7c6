/** Row 8b: the whole browser is killed right after a refresh and comes back with its profile, its last cookie lost. */
import { active, expect, type House, test } from '../harness/raw.js';

/** Signed in and flushed to disk, then one more rotation that only the server and the memory of a killed browser knew. */
async function killedAfterRefresh(house: House) {
  const first = await house.launch();
  const tab = await first.open(house.address('before'));
  expect(await tab.run('login', 'ada')).toEqual({ ok: true });
  await first.quit();

  house.server.journal.clear();
  const second = await house.launch();
  const again = await second.open(house.address('again'));
  await active(again);
  const onDisk = house.server.refreshes()[0]!.cookie;
  house.backend.rest();
  expect(await again.run('refresh')).toMatchObject({ ok: true });
  const rotations = house.backend.rotations();
  await second.kill();
  house.server.journal.clear();
  const third = await house.launch();
  return { browser: third, onDisk, rotations };
}

test('row 8b, full: the session is alive after the restart, with one rotation', async ({ house }) => {
  const { browser, onDisk, rotations } = await killedAfterRefresh(house);
  const tab = await browser.open(house.address('after'));
  await active(tab);
  expect(await tab.run('api', '/api/me')).toMatchObject({ ok: true, value: { status: 200, user: 'ada' } });
  const [startup] = house.server.refreshes();
  expect(startup?.cookie, 'the browser really lost the last cookie').toBe(onDisk);
  expect(house.server.refreshes()).toHaveLength(1);
  expect(startup?.json?.['outcome']).toBe('replayed');
  expect(house.backend.rotations()).toBe(rotations);
  house.backend.rest();
  expect(await tab.run('refresh')).toMatchObject({ ok: true });
  expect(await tab.run('events', 'ended')).toEqual([]);
});

test.describe('row 8b, plain', () => {
  test.use({ level: 'plain' });
  test('a strict server ends the session: said with a reason, once, and no loop', async ({ house }) => {
    const { browser, onDisk } = await killedAfterRefresh(house);
    const tab = await browser.open(house.address('after'));
    await expect.poll(async () => (await tab.run('snapshot')).status, { timeout: 30_000 }).toBe('ended');
    expect(await tab.run('snapshot')).toMatchObject({ reason: 'rejected' });
    expect(house.server.refreshes()[0]?.cookie).toBe(onDisk);
    const asked = house.server.refreshes().length;
    expect(await tab.run('token')).toMatchObject({ ok: false, code: 'session_ended', reason: 'rejected' });
    expect(house.server.refreshes()).toHaveLength(asked);
    expect(asked).toBeLessThanOrEqual(2);
  });
});
