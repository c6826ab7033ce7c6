/** Pages without any SDK code, under a worker that signs what they send. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from '@playwright/test';
import { expect } from '../harness/fixtures.js';
import type { Origin } from '../harness/origin.js';
import type { Tab } from '../harness/tab.js';

export interface Told {
  apis?: { origin: string; path?: string; navigations?: boolean }[];
  url?: string;
  scope?: string;
  takeOver?: boolean;
}

export const script = '/tabaton-sw.js';

/** One tab with the SDK signs in and registers the worker; then it may leave. */
export async function underWorker(origin: Origin, told: Told = {}, session = {}): Promise<Tab> {
  const [tab] = (await origin.signedIn(1, { session })) as [Tab];
  expect(await tab.run('registerWorker', { url: script, apis: [{ origin: origin.server.origin, path: '/api' }], ...told })).toBe('active');
  origin.server.journal.clear();
  return tab;
}

/** A page that has never heard of tabaton. */
export async function plain(origin: Origin, name = 'plain'): Promise<Page> {
  const page = await origin.browser.newPage();
  await page.goto(`${origin.server.origin}/bare?name=${name}`);
  return page;
}

export interface Got {
  status: number;
  user: string | null;
  echo: string;
  method: string;
}

/** `fetch` as any page calls it. */
export const get = (page: Page, path = '/api/me', init: { method?: string; body?: string; headers?: Record<string, string>; keepalive?: boolean; credentials?: 'omit' | 'include' } = {}): Promise<Got> =>
  page.evaluate(async ([url, how]) => {
    const answer = await fetch(url, how);
    return { status: answer.status, user: null, echo: '', method: '', ...((await answer.json()) as object) };
  }, [path, init] as const);

/** Ends every worker of the browser, as the browser does after 30 idle seconds or under memory pressure. */
export async function stopWorkers(page: Page): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('ServiceWorker.enable');
  await cdp.send('ServiceWorker.stopAllWorkers');
  await cdp.detach();
}

/**
 * Waits for a worker to take over. A browser puts the new one in the place of the old when that one is idle for a moment, and
 * ends a worker that is idle for 30 s. The debugger that drives these tests keeps workers from being ended, and on a busy
 * machine the moment may be missed: then the old one is ended here.
 */
export async function takenOver(page: Page, done: () => Promise<boolean>): Promise<void> {
  const soon = () => expect.poll(done, { timeout: 5_000 }).toBe(true);
  await soon().catch(async () => {
    await stopWorkers(page);
    await soon();
  });
}

/** When this life of the worker began: another value after it was stopped. */
export const born = async (page: Page): Promise<number> => {
  const worker = page.context().serviceWorkers().at(-1);
  if (!worker) throw new Error('There is no worker.');
  return worker.evaluate(() => performance.timeOrigin);
};

/** Another origin: notes what it is asked, and allows everything. */
export async function elsewhere(): Promise<{ origin: string; seen: IncomingMessage[]; server: Server }> {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    if (request.method !== 'OPTIONS') seen.push(request);
    response.setHeader('access-control-allow-origin', request.headers.origin ?? '*');
    response.setHeader('access-control-allow-headers', 'authorization');
    response.setHeader('access-control-allow-credentials', 'true');
    response.setHeader('content-type', 'application/json');
    response.end('{"user":"elsewhere"}');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return { origin: `http://localhost:${(server.address() as AddressInfo).port}`, seen, server };
}
