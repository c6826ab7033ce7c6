/** A sign-in reaches every tab; a visitor who never signed in costs nothing. */
import { expect, levels, test } from '../harness/fixtures.js';
import { becomesActive } from '../harness/origin.js';

for (const level of levels)
  test.describe(`sign-in, ${level}`, () => {
    test.use({ level });

    test('signed in in tab 1: tabs 2 to 5 become active without a reload and without a further refresh', async ({ origin }) => {
      const tabs = [];
      for (let n = 1; n <= 5; n += 1) tabs.push(await origin.open(`tab${n}`));
      for (const tab of tabs) await expect.poll(async () => (await tab.run('snapshot')).status).toBe('anonymous');
      const before = origin.server.refreshes().length;
      const documents = (): number => origin.server.journal.of('page').filter((entry) => entry.path.startsWith('/?')).length;
      const loads = documents();
      expect(await tabs[0]!.run('login', 'ada')).toEqual({ ok: true });
      await becomesActive(tabs);
      for (const tab of tabs) {
        expect(await tab.run('api', '/api/me')).toMatchObject({ ok: true, value: { status: 200, user: 'ada' } });
        expect(await tab.run('events', 'started')).toHaveLength(1);
      }
      expect(origin.server.refreshes()).toHaveLength(before + 1);
      expect(documents()).toBe(loads);
    });

    test('a grant handed to start() needs no refresh at all', async ({ origin }) => {
      const tabs = [await origin.open('tab1'), await origin.open('tab2')];
      for (const tab of tabs) await expect.poll(async () => (await tab.run('snapshot')).status).toBe('anonymous');
      const before = origin.server.refreshes().length;
      const grant = await tabs[0]!.page.evaluate(async () => {
        const headers = { 'content-type': 'application/json', 'X-Tabaton': '1' };
        return (await (await fetch('/auth/login', { method: 'POST', headers, body: '{"user":"ada"}' })).json()) as Record<string, unknown>;
      });
      expect(await tabs[0]!.run('start', grant)).toEqual({ ok: true });
      await becomesActive(tabs);
      expect(await tabs[1]!.run('api', '/api/me')).toMatchObject({ ok: true, value: { user: 'ada' } });
      expect(origin.server.refreshes()).toHaveLength(before);
    });
  });

test('a visitor who never signed in costs no request to the endpoint', async ({ origin }) => {
  const tabs = [await origin.open('tab1'), await origin.open('tab2')];
  for (const tab of tabs) {
    await expect.poll(async () => (await tab.run('snapshot')).status).toBe('anonymous');
    expect(await tab.run('token')).toMatchObject({ ok: false, code: 'anonymous' });
    expect(await tab.run('api', '/api/public')).toMatchObject({ ok: true, value: { status: 401 } });
  }
  expect(origin.server.api.anonymous).toBe(2);
  expect(origin.server.journal.entries.filter((entry) => entry.path.startsWith('/auth'))).toEqual([]);
});
