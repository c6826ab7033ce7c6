/** Row 12b: many tabs at once, reloads in a row, site data cleared under open tabs. */
import { active, expect, test } from '../harness/raw.js';

test('row 12b: thirty tabs restored at browser start cost at most one rotation', async ({ house }) => {
  const first = await house.launch();
  const tab = await first.open(house.address('before'));
  expect(await tab.run('login', 'ada')).toEqual({ ok: true });
  await first.quit();
  house.server.journal.clear();
  const before = house.backend.rotations();

  const second = await house.launch();
  const tabs = await Promise.all(Array.from({ length: 30 }, (_, n) => second.open(house.address(`restored${n}`))));
  await Promise.all(tabs.map((one) => active(one, 40_000)));
  expect(house.backend.rotations() - before).toBeLessThanOrEqual(1);
  const outcomes = house.server.refreshes().map((entry) => entry.json?.['outcome']);
  expect(outcomes.filter((outcome) => outcome !== 'cached' && outcome !== 'coalesced').length, outcomes.join()).toBeLessThanOrEqual(1);
  for (const one of tabs) expect(await one.run('events', 'ended')).toEqual([]);
});

test('row 12b: ten reloads in a row rotate nothing', async ({ house }) => {
  const browser = await house.launch();
  const tab = await browser.open(house.address('tab'));
  expect(await tab.run('login', 'ada')).toEqual({ ok: true });
  house.backend.rest();
  const before = house.backend.rotations();
  // Each reload strikes right after the script has run, while the startup request is under way.
  for (let n = 0; n < 10; n += 1) await tab.reload();
  await active(tab);
  expect(house.backend.rotations()).toBe(before);
  expect(await tab.run('api', '/api/me')).toMatchObject({ ok: true, value: { status: 200 } });
});

for (const [what, types] of [
  ['storage but not the cookies', 'indexeddb,local_storage,cache_storage,service_workers'],
  ['everything', 'all'],
] as const)
  test(`row 12b: site data cleared with tabs open: ${what}`, async ({ house }) => {
    const browser = await house.launch();
    const tabs = [await browser.open(house.address('one'))];
    expect(await tabs[0]!.run('login', 'ada')).toEqual({ ok: true });
    for (const name of ['two', 'three']) tabs.push(await browser.open(house.address(name)));
    for (const tab of tabs) await active(tab);
    house.backend.rest();
    house.server.journal.clear();
    await tabs[0]!.send('Storage.clearDataForOrigin', { origin: house.server.origin, storageTypes: types });
    house.server.api.expireAll();
    const answers = await Promise.all(tabs.map((tab) => tab.run('api', '/api/me')));
    if (types === 'all') {
      // The cookie went, too. Every tab asks, looks once more because another one might be signed in, and then knows.
      expect(answers.map((answer) => answer.ok)).toEqual([false, false, false]);
      for (const tab of tabs) expect((await tab.run('snapshot')).status).toBe('anonymous');
      const asked = house.server.refreshes().length;
      // Chromium gives a tab that had not used a lock before another lock space than the others: one answer of each may be fenced off.
      expect(asked).toBeLessThanOrEqual(3 * tabs.length);
      for (const tab of tabs) expect(await tab.run('token')).toMatchObject({ ok: false, code: 'anonymous' });
      expect(house.server.refreshes()).toHaveLength(asked);
      return;
    }
    expect(answers.map((answer) => answer.ok && answer.value.status)).toEqual([200, 200, 200]);
    expect(house.server.refreshes()).toHaveLength(1);
    for (const tab of tabs) expect(await tab.run('events', 'ended')).toEqual([]);
  });
