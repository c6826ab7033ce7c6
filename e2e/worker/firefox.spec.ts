/** Rows 1, 8 and 15, the worker's half, in Firefox: pages with the SDK and pages that have only the worker. */
import type { Browser, Page } from 'puppeteer-core';
import { launch } from 'puppeteer-core';
import { firefoxPath } from '../../scripts/browser-path.mjs';
import { expect, test as base } from '../harness/fixtures.js';
import type { Command } from '../server/pages/subject.js';
import { cut } from '../server/faults.js';

const test = base.extend<{ firefox: Browser }>({
  firefox: async ({}, use) => {
    const browser = await launch({ browser: 'firefox', executablePath: firefoxPath(), headless: true });
    await use(browser);
    await browser.close();
  },
});

// A browser that starts from nothing beside the other tests.
test.setTimeout(300_000);

const run = (page: Page, command: Command, ...args: unknown[]): Promise<unknown> =>
  page.evaluate((name, given) => (window as never as { subject: Record<string, (...given: unknown[]) => unknown> }).subject[name]!(...given), command, args);
const get = (page: Page, body?: string): Promise<{ status: number; user: string | null; echo: string }> =>
  page.evaluate(async (text) => {
    const answer = await fetch('/api/me', text === undefined ? {} : { method: 'POST', body: text });
    return { status: answer.status, user: null, echo: '', ...((await answer.json()) as object) };
  }, body);

async function open(firefox: Browser, origin: string, path: string): Promise<Page> {
  const page = await firefox.newPage();
  await page.goto(origin + path);
  return page;
}

const withSdk = (firefox: Browser, origin: string, name: string) => open(firefox, origin, `/?name=${name}&options=%7B%7D`);

async function underWorker(firefox: Browser, at: string, url = '/tabaton-sw.js'): Promise<Page> {
  const tab = await withSdk(firefox, at, 'tab1');
  expect(await run(tab, 'login', 'ada')).toMatchObject({ ok: true });
  expect(await run(tab, 'registerWorker', { url, apis: [{ origin: at, path: '/api' }] })).toBe('active');
  return tab;
}

test('Firefox, row 1: pages with the SDK and pages under the worker expire together: one refresh', async ({ origin, firefox }) => {
  const at = origin.server.origin;
  const first = await underWorker(firefox, at);
  const second = await withSdk(firefox, at, 'tab2');
  const pages = [await open(firefox, at, '/bare?name=plain1'), await open(firefox, at, '/bare?name=plain2')];
  for (const page of pages) expect(await get(page)).toMatchObject({ status: 200, user: 'ada' });
  await expect.poll(async () => ((await run(second, 'snapshot')) as { status: string }).status).toBe('active');
  origin.backend.rest();
  origin.server.journal.clear();
  origin.server.api.clear();
  origin.server.api.expireAll();
  const barrier = origin.server.faults.hold('refresh', 'before');
  const sdk = [first, second].map((tab) => run(tab, 'api', '/api/me'));
  const plain = pages.map((page, n) => get(page, `body ${n}`));
  await expect.poll(() => origin.server.api.rejections).toBe(4);
  barrier.release();
  for (const answer of await Promise.all(sdk)) expect(answer).toMatchObject({ ok: true, value: { status: 200 } });
  expect(await Promise.all(plain)).toMatchObject([
    { status: 200, echo: 'body 0' },
    { status: 200, echo: 'body 1' },
  ]);
  expect(origin.server.refreshes()).toHaveLength(1);
});

test('Firefox, row 8: the reply to the worker’s refresh is lost after the server rotated', async ({ origin, firefox }) => {
  const at = origin.server.origin;
  const tab = await underWorker(firefox, at);
  const page = await open(firefox, at, '/bare?name=plain');
  expect((await get(page)).status).toBe(200);
  await tab.close();
  origin.backend.rest();
  origin.server.journal.clear();
  origin.server.api.expireAll();
  origin.server.faults.next('refresh', cut('after'));
  expect(await get(page)).toMatchObject({ status: 200, user: 'ada' });
  expect(origin.server.refreshes().length).toBeGreaterThan(1);
  expect(new Set(origin.server.refreshes().map(({ attempt }) => attempt)).size, 'the same attempt again').toBe(1);
  expect(origin.backend.reuses()).toBe(0);
});

test('Firefox, row 15: absent, first load, another version, replaced; authenticated throughout and never reloaded', async ({ origin, firefox }) => {
  const at = origin.server.origin;
  const tab = await withSdk(firefox, at, 'tab1');
  const born = await tab.evaluate(() => performance.timeOrigin);
  expect(await run(tab, 'login', 'ada')).toMatchObject({ ok: true });
  const served = async () => expect(await run(tab, 'api', '/api/me')).toMatchObject({ ok: true, value: { status: 200, user: 'ada' } });
  await served();
  const told = { apis: [{ origin: at, path: '/api' }] };
  // No remote protocol of Firefox reloads past the worker: a worker whose scope ends below this page leaves it uncontrolled as well.
  expect(await run(tab, 'registerWorker', { ...told, url: '/deep/tabaton-sw.js' })).toBe('uncontrolled');
  await served();
  expect(await run(tab, 'registerWorker', { ...told, url: '/tabaton-sw.js?protocol=2' })).toBe('incompatible');
  await served();
  await run(tab, 'registerWorker', { ...told, url: '/tabaton-sw.js', takeOver: true });
  await expect.poll(() => run(tab, 'workerState'), { timeout: 45_000 }).toBe('active');
  await served();
  expect(await get(tab)).toMatchObject({ status: 200, user: 'ada' });
  expect(await tab.evaluate(() => performance.timeOrigin)).toBe(born);
  expect(origin.server.api.anonymous).toBe(0);
});
