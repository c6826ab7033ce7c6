/** Row 11b: signed out offline, the browser killed, opened again online. */
import { expect, test } from '../harness/raw.js';

test('row 11b: the logout goes out before anything else, and nobody is signed in', async ({ house }) => {
  const first = await house.launch();
  const tab = await first.open(house.address('before'));
  expect(await tab.run('login', 'ada')).toEqual({ ok: true });
  await first.quit();

  const second = await house.launch();
  const offline = await second.open(house.address('offline'));
  await expect.poll(async () => (await offline.run('snapshot')).status).toBe('active');
  house.server.offline();
  expect(await offline.run('signOut')).toEqual({ ok: true });
  expect(await offline.run('snapshot')).toMatchObject({ status: 'ended', reason: 'signed_out' });
  await second.kill();
  house.server.journal.clear();
  house.server.online();

  const third = await house.launch();
  const tabs = [await third.open(house.address('one')), await third.open(house.address('two'))];
  for (const one of tabs) {
    await expect.poll(async () => ['anonymous', 'ended'].includes((await one.run('snapshot')).status)).toBe(true);
    expect(await one.run('token')).toMatchObject({ ok: false });
    expect(await one.run('statuses')).not.toContain('active');
    expect(await one.run('peek')).toBeNull();
  }
  await expect.poll(() => house.server.journal.of('logout').map((entry) => entry.status)).toContain(200);
  const opening = house.server.journal.entries.find((entry) => entry.path.startsWith('/auth'));
  expect(opening?.route, 'the logout goes first').toBe('logout');
  expect(house.server.refreshes().filter((entry) => entry.status === 200)).toEqual([]);
  const { cookies } = await third.cdp.send<{ cookies: { httpOnly: boolean }[] }>('Storage.getCookies');
  expect(cookies.filter((cookie) => cookie.httpOnly)).toEqual([]);
});
