/** Rows 1, 8 and 15, the worker's half: pages with the SDK and pages that have only the worker. */
import { expect } from '@playwright/test';
import { cut } from '../server/faults.js';
import type { EngineTab } from './engine.js';
import type { EngineTest, InEngine } from './fixtures.js';

/** What the API answers to a request of a page that has no SDK. */
const get = (page: EngineTab, body?: string): Promise<{ status: number; user: string | null; echo: string }> =>
  page.evaluate(`fetch('/api/me', ${body === undefined ? '{}' : JSON.stringify({ method: 'POST', body })})
    .then(async (answer) => ({ status: answer.status, user: null, echo: '', ...await answer.json() }))`);

async function underWorker(at: InEngine): Promise<EngineTab> {
  const tab = await at.open('tab1');
  expect(await tab.run('login', 'ada')).toEqual({ ok: true });
  expect(await tab.run('registerWorker', { url: '/tabaton-sw.js', apis: [{ origin: at.server.origin, path: '/api' }] })).toBe('active');
  return tab;
}

export function workerRows(name: string, test: EngineTest): void {
  test(`${name}, row 1: pages with the SDK and pages under the worker expire together: one refresh`, async ({ at }) => {
    const tabs = [await underWorker(at), await at.open('tab2')];
    const pages = [await at.visit('plain1', '/bare?name=plain1'), await at.visit('plain2', '/bare?name=plain2')];
    for (const page of pages) expect(await get(page)).toMatchObject({ status: 200, user: 'ada' });
    await expect.poll(async () => (await tabs[1]!.run('snapshot')).status).toBe('active');
    at.backend.rest();
    at.server.journal.clear();
    at.server.api.clear();
    at.server.api.expireAll();
    const barrier = at.server.faults.hold('refresh', 'before');
    const sdk = tabs.map((tab) => tab.run('api', '/api/me'));
    const plain = pages.map((page, n) => get(page, `body ${n}`));
    await expect.poll(() => at.server.api.rejections).toBe(4);
    barrier.release();
    for (const answer of await Promise.all(sdk)) expect(answer).toMatchObject({ ok: true, value: { status: 200 } });
    expect(await Promise.all(plain)).toMatchObject([
      { status: 200, echo: 'body 0' },
      { status: 200, echo: 'body 1' },
    ]);
    expect(at.server.refreshes()).toHaveLength(1);
  });

  test(`${name}, row 8: the reply to the worker’s refresh is lost after the server rotated`, async ({ at }) => {
    const tab = await underWorker(at);
    const page = await at.visit('plain', '/bare?name=plain');
    expect((await get(page)).status).toBe(200);
    await tab.close();
    at.backend.rest();
    at.server.journal.clear();
    at.server.api.expireAll();
    at.server.faults.next('refresh', cut('after'));
    expect(await get(page)).toMatchObject({ status: 200, user: 'ada' });
    expect(at.server.refreshes().length).toBeGreaterThan(1);
    expect(new Set(at.server.refreshes().map(({ attempt }) => attempt)).size, 'the same attempt again').toBe(1);
    expect(at.backend.reuses()).toBe(0);
  });

  test(`${name}, row 15: absent, first load, another version, replaced; authenticated throughout and never reloaded`, async ({ at }) => {
    const tab = await at.open('tab1');
    const born = await tab.evaluate('performance.timeOrigin');
    expect(await tab.run('login', 'ada')).toEqual({ ok: true });
    const served = async () => expect(await tab.run('api', '/api/me')).toMatchObject({ ok: true, value: { status: 200, user: 'ada' } });
    await served();
    const told = { apis: [{ origin: at.server.origin, path: '/api' }] };
    // No remote protocol reloads past the worker here: a worker whose scope ends below this page leaves it uncontrolled as well.
    expect(await tab.run('registerWorker', { ...told, url: '/deep/tabaton-sw.js' })).toBe('uncontrolled');
    await served();
    expect(await tab.run('registerWorker', { ...told, url: '/tabaton-sw.js?protocol=2' })).toBe('incompatible');
    await served();
    await tab.run('registerWorker', { ...told, url: '/tabaton-sw.js', takeOver: true });
    await expect.poll(() => tab.run('workerState'), { timeout: 45_000 }).toBe('active');
    await served();
    expect(await get(tab)).toMatchObject({ status: 200, user: 'ada' });
    expect(await tab.evaluate('performance.timeOrigin')).toBe(born);
    expect(at.server.api.anonymous).toBe(0);
  });
}
