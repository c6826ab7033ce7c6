/** Row 19: listeners that call back, components that mount twice, hot reload, two copies of the package in one page. */
import { expect, levels, test } from '../harness/fixtures.js';
import { becomesActive } from '../harness/origin.js';
import type { Tab } from '../harness/tab.js';

for (const level of levels)
  test.describe(`row 19, ${level}`, () => {
    test.use({ level });

    test('a listener that calls back into the session neither blocks it nor causes a second refresh', async ({ origin }) => {
      const tabs = await origin.signedIn(2);
      for (const tab of tabs) await tab.run('reenter');
      const answers = await Promise.all(origin.storm(tabs).values());
      expect(answers.every((answer) => answer.ok && answer.value.status === 200)).toBe(true);
      for (const tab of tabs) await expect.poll(async () => (await tab.run('reentered')).length, { message: 'the calls made inside listeners came back' }).toBeGreaterThan(0);
      for (const tab of tabs) expect((await tab.run('reentered')).every((answer) => answer.ok)).toBe(true);
      expect(origin.server.refreshes()).toHaveLength(1);
    });

    test('a listener that throws harms nobody', async ({ origin }) => {
      const tabs = await origin.signedIn(2);
      for (const tab of tabs) await tab.run('throwInListeners');
      const answers = await Promise.all(origin.storm(tabs).values());
      expect(answers.every((answer) => answer.ok && answer.value.status === 200)).toBe(true);
      expect(origin.server.refreshes()).toHaveLength(1);
    });

    test('mounted twice and hot-reloaded mid-refresh: the last session lives, one refresh', async ({ origin }) => {
      const [tab, other] = (await origin.signedIn(2)) as [Tab, Tab];
      // Strict Mode: create, dispose, create.
      await tab.run('create', {});
      await tab.run('dispose');
      await tab.run('create', {});
      await becomesActive([tab]);
      origin.server.journal.clear();
      origin.backend.rest();
      const barrier = origin.server.faults.hold('refresh', 'after');
      const storm = origin.storm([tab, other]);
      await barrier.arrived;
      // Hot reload: the module is replaced while its refresh is under way.
      await tab.run('dispose');
      await tab.run('create', {});
      barrier.release();
      await becomesActive([tab, other]);
      expect(await storm.get(other)).toMatchObject({ ok: true, value: { status: 200 } });
      await expect.poll(() => tab.run('api', '/api/me')).toMatchObject({ ok: true, value: { status: 200 } });
      expect(origin.server.refreshes()).toHaveLength(1);
    });

    test('two copies of the package in one page share one refresh', async ({ origin }) => {
      const [tab] = (await origin.signedIn(1)) as [Tab];
      await tab.page.evaluate(async () => {
        const first = window.subject;
        await import('/copy/page.js' as string);
        window.subject.create({});
        Object.assign(window, { second: window.subject });
        window.subject = first;
      });
      const second = { name: 'copy', run: ((command: string, ...args: unknown[]) => tab.page.evaluate(([c, a]) => (window as never as Record<string, Record<string, (...x: unknown[]) => unknown>>)['second']![c]!(...a), [command, args] as const)) as Tab['run'] };
      await becomesActive([tab, second]);
      origin.server.journal.clear();
      const answers = await Promise.all(origin.storm([tab, second]).values());
      expect(answers.every((answer) => answer.ok && answer.value.status === 200)).toBe(true);
      expect(origin.server.refreshes()).toHaveLength(1);
    });
  });
