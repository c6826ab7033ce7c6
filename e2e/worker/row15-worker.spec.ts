/** Row 15, the worker's half: absent, not in control, of another version, replaced under open pages, wrongly set up. */
import type { Page } from '@playwright/test';
import { expect, test } from '../harness/fixtures.js';
import { becomesActive, type Origin } from '../harness/origin.js';
import type { Tab } from '../harness/tab.js';
import { get, plain, script, stopWorkers, takenOver, underWorker } from './plain.js';

const asAda = { ok: true, value: { status: 200, user: 'ada' } };
const apisOf = (origin: Origin) => [{ origin: origin.server.origin, path: '/api' }];
const loadsOf = (page: Page) => {
  const loads = { count: 0 };
  page.on('load', () => (loads.count += 1));
  return loads;
};
const problems = async (tab: Tab) => (await tab.run('events', 'problem')).map(({ event }) => ({ code: event.code, message: event.message }));

test('first load: the page goes on by itself until it is claimed, then its plain requests are signed, too', async ({ origin }) => {
  const [tab] = (await origin.signedIn(1)) as [Tab];
  const loads = loadsOf(tab.page);
  expect(await tab.run('workerState')).toBe('none');
  expect(await tab.run('api', '/api/me')).toMatchObject(asAda);
  expect(await tab.run('registerWorker', { url: script, apis: apisOf(origin) })).toBe('active');
  expect(await tab.run('api', '/api/me')).toMatchObject(asAda);
  expect(await get(tab.page)).toMatchObject({ status: 200, user: 'ada' });
  expect((await tab.run('events', 'worker')).map(({ event }) => event.state)).toEqual(['installing', 'active']);
  expect(loads.count).toBe(0);
});

test('a forced reload: uncontrolled, requests of the session are authenticated, and it is claimed back', async ({ origin }) => {
  const tab = await underWorker(origin);
  const cdp = await origin.browser.newCDPSession(tab.page);
  const loaded = tab.page.waitForEvent('load');
  await cdp.send('Page.reload', { ignoreCache: true });
  await loaded;
  expect(await tab.page.evaluate(() => navigator.serviceWorker.controller)).toBeNull();
  await becomesActive([tab]);
  const loads = loadsOf(tab.page);
  expect(await tab.run('api', '/api/me')).toMatchObject(asAda);
  expect(await tab.run('registerWorker', { url: script, apis: apisOf(origin) })).toBe('active');
  expect(await get(tab.page)).toMatchObject({ status: 200, user: 'ada' });
  expect(origin.server.api.anonymous).toBe(0);
  expect(loads.count).toBe(0);
});

test('an old page and a new worker: it says so, goes on by itself, and is not reloaded', async ({ origin }) => {
  const [tab] = (await origin.signedIn(1)) as [Tab];
  const loads = loadsOf(tab.page);
  expect(await tab.run('registerWorker', { url: `${script}?protocol=2`, apis: apisOf(origin) })).toBe('incompatible');
  expect(await problems(tab)).toEqual([{ code: 'worker_incompatible', message: expect.stringContaining('npx tabaton check') }]);
  expect(await tab.run('api', '/api/me')).toMatchObject(asAda);
  origin.backend.rest();
  const answers = await Promise.all(origin.storm([tab]).values());
  expect(answers).toMatchObject([asAda]);
  expect(origin.server.refreshes()).toHaveLength(1);
  expect(loads.count).toBe(0);
});

test('a new page and an old worker that waits for its turn: requests go on through both', async ({ origin }) => {
  const first = await underWorker(origin, { url: `${script}?build=old` });
  const second = await origin.open('tab2');
  expect(await second.run('registerWorker', { url: `${script}?build=new`, apis: apisOf(origin) })).toBe('active');
  expect(await second.page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.waiting?.scriptURL)).toContain('build=new');
  expect(await get(second.page)).toMatchObject({ status: 200, user: 'ada' });
  expect(await get(first.page)).toMatchObject({ status: 200, user: 'ada' });
});

test('an incompatible worker holds the page and a compatible one waits: it says so until that one may take over', async ({ origin }) => {
  test.setTimeout(120_000);
  const [first] = (await origin.signedIn(1)) as [Tab];
  expect(await first.run('registerWorker', { url: `${script}?protocol=2`, apis: apisOf(origin) })).toBe('incompatible');
  // Loaded under the incompatible worker, so that one is in use.
  const second = await origin.open('tab2');
  await second.run('registerWorker', { url: script, apis: apisOf(origin) });
  await expect.poll(() => second.run('workerState')).toBe('waiting');
  expect(await second.run('api', '/api/me')).toMatchObject(asAda);
  await second.run('registerWorker', { url: script, apis: apisOf(origin), takeOver: true });
  await takenOver(second.page, async () => (await second.run('workerState')) === 'active');
  expect(await get(second.page)).toMatchObject({ status: 200, user: 'ada' });
});

test('a new worker takes over under open pages without a lost request', async ({ origin }) => {
  test.setTimeout(150_000);
  const tab = await underWorker(origin, { url: `${script}?build=1` });
  const page = await plain(origin);
  const loads = [loadsOf(tab.page), loadsOf(page)];
  // At rest while a worker changes: a browser lets the old one go only when it has been idle for a moment. The new one is asked
  // in the turn in which it takes over, before any page can have told it what to sign.
  const stream = page.evaluate(async () => {
    const statuses: number[] = [];
    const first: number[] = [];
    Object.assign(window, { answered: statuses, first });
    const ask = () => fetch('/api/me').then(({ status }) => status, () => 0);
    navigator.serviceWorker.addEventListener('controllerchange', async () => {
      const status = await ask();
      statuses.push(status);
      first.push(status);
    });
    while (!('enough' in window)) {
      statuses.push(...(await Promise.all([1, 2, 3].map(ask))));
      do await new Promise((next) => setTimeout(next, 10));
      while ('atRest' in window);
    }
    return statuses;
  });
  for (const build of [2, 3]) {
    const slow = origin.server.faults.hold('api', 'before');
    await slow.arrived;
    await tab.run('registerWorker', { url: `${script}?build=${build}`, apis: apisOf(origin), takeOver: true });
    await page.evaluate(() => Object.assign(window, { atRest: true }));
    slow.release();
    await takenOver(page, async () => (await page.evaluate(() => navigator.serviceWorker.controller?.scriptURL))?.includes(`build=${build}`) ?? false);
    await page.evaluate(() => Reflect.deleteProperty(window, 'atRest'));
    expect((await get(page)).status).toBe(200);
    await expect.poll(() => page.evaluate(() => (window as never as { first: number[] }).first)).toEqual(build === 2 ? [200] : [200, 200]);
  }
  await expect.poll(() => page.evaluate(() => (window as never as { answered: number[] }).answered.length)).toBeGreaterThan(10);
  await page.evaluate(() => Object.assign(window, { enough: true }));
  const statuses = await stream;
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
  expect(origin.server.api.anonymous).toBe(0);
  expect(loads.map(({ count }) => count)).toEqual([0, 0]);
});

test('unregister: the worker signs nothing any more, at once', async ({ origin }) => {
  const tab = await underWorker(origin);
  expect((await get(tab.page)).status).toBe(200);
  await tab.run('unregisterWorker');
  expect(await tab.run('workerState')).toBe('none');
  expect((await get(tab.page)).status).toBe(401);
  expect(await tab.run('api', '/api/me')).toMatchObject(asAda);
});

test('unregister: so does a worker with settings of its own, also when it is started again', async ({ origin }) => {
  const [tab] = (await origin.signedIn(1)) as [Tab];
  expect(await tab.run('registerWorker', { url: `${script}?own=${encodeURIComponent(JSON.stringify({ apis: apisOf(origin) }))}` })).toBe('active');
  expect((await get(tab.page)).status).toBe(200);
  await tab.run('unregisterWorker');
  expect((await get(tab.page)).status).toBe(401);
  await stopWorkers(tab.page);
  expect((await get(tab.page)).status).toBe(401);
});

test('unregister in a page that registered nothing leaves another application’s worker alone', async ({ origin }) => {
  const [tab] = (await origin.signedIn(1)) as [Tab];
  await tab.page.evaluate(async () => {
    await navigator.serviceWorker.register('/own-worker.js?version=1');
    await navigator.serviceWorker.ready;
  });
  await tab.run('unregisterWorker');
  expect(await tab.page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(1);
});

test('another worker has the nearer scope: it says so and is not active', async ({ origin }) => {
  const [tab] = (await origin.signedIn(1)) as [Tab];
  await tab.page.evaluate(async () => {
    await navigator.serviceWorker.register('/own-worker.js?version=1', { scope: '/?name=' });
    while (!navigator.serviceWorker.controller) await new Promise((done) => navigator.serviceWorker.addEventListener('controllerchange', done, { once: true }));
  });
  expect(await tab.run('registerWorker', { url: script, apis: apisOf(origin) })).toBe('uncontrolled');
  expect(await problems(tab)).toEqual([{ code: 'worker_scope', message: expect.stringContaining('own-worker.js') }]);
  expect(await tab.run('api', '/api/me')).toMatchObject(asAda);
});

test('what is wrong with a set-up is said with what to change', async ({ origin }) => {
  const [tab] = (await origin.signedIn(1)) as [Tab];
  const apis = apisOf(origin);
  for (const [told, code, words] of [
    [{ url: '/deep/tabaton-sw.js', scope: '/' }, 'worker_unavailable', 'Service-Worker-Allowed: /'],
    [{ url: `${script}?mime=text/html` }, 'worker_unavailable', 'comes as text/html'],
    [{ url: '/missing/sw.js' }, 'worker_unavailable', 'npx tabaton init'],
    [{ url: 'https://elsewhere.example/tabaton-sw.js' }, 'worker_unavailable', 'another one'],
  ] as const) {
    const fresh = await origin.open('fresh');
    expect(await fresh.run('registerWorker', { apis, ...told })).toBe('none');
    expect(await problems(fresh)).toEqual([{ code, message: expect.stringContaining(words) }]);
    await fresh.close();
  }
  const warned = tab.page.waitForEvent('console', (message) => message.type() === 'warning' && message.text().includes('Service-Worker-Allowed: /'));
  expect(await tab.run('registerWorker', { url: '/deep/tabaton-sw.js', apis })).toBe('uncontrolled');
  await warned;
  expect(await problems(tab)).toEqual([{ code: 'worker_scope', message: expect.stringContaining("scope: '/'") }]);
  expect(await tab.run('api', '/api/me')).toMatchObject(asAda);
});

test('plain http: says that service workers need https, and the page goes on by itself', async ({ origin }) => {
  await origin.signedIn(1);
  const page = await origin.browser.newPage();
  // Not localhost, so not trustworthy without TLS.
  await page.goto(`http://plain.localhost.test:${origin.server.port}/?name=http&options=%7B%7D`).catch(() => undefined);
  const insecure = await page.evaluate(() => isSecureContext);
  expect(insecure).toBe(false);
  expect(await page.evaluate((url) => (window as never as { subject: { registerWorker(o: object): Promise<string> } }).subject.registerWorker({ url }), script)).toBe('none');
  const events = await page.evaluate(() => (window as never as { subject: { events(name: string): { event: { message: string } }[] } }).subject.events('problem'));
  expect(events.map(({ event }) => event.message).join()).toContain('https');
});
