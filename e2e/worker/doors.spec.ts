/** The doors by which the worker reaches an application: Vite in dev and in the build, and a worker somebody already owns. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from '@playwright/test';
import { build, createServer, preview, type InlineConfig } from 'vite';
import { freePort } from '../../src/server/testing/free-port.js';
import { expect, test } from '../harness/fixtures.js';
import type { Origin } from '../harness/origin.js';
import { get, plain, stopWorkers, underWorker } from './plain.js';

const root = join(import.meta.dirname, '../..');
const MAIN = `import { createSession } from ${JSON.stringify(join(root, 'dist/index.js'))};
const { url, ...settings } = import.meta.env.TABATON_WORKER;
const session = createSession(settings);
window.go = async (user) => {
  await fetch('/auth/login', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ user }) });
  await session.start();
  return session.worker.register({ url });
};`;

/** A small application, below `/app/`, whose API and endpoint are the test's server. */
async function application(origin: Origin): Promise<{ config: InlineConfig; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'tabaton-vite-'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>app</title><link rel="icon" href="data:,"><script type="module" src="/main.js"></script>');
  writeFileSync(join(folder, 'main.js'), MAIN);
  const { tabaton } = (await import(pathToFileURL(join(root, 'dist/vite/index.js')).href)) as typeof import('../../src/vite/index.js');
  const proxy = { '/auth': origin.server.origin, '/app/api': { target: origin.server.origin, rewrite: (path: string) => path.slice(4) } };
  const server = { host: '127.0.0.1', port: 0, proxy, fs: { strict: false }, hmr: false } as const;
  const at = (port: number) => [{ origin: `http://localhost:${port}`, path: '/app/api' }];
  const apis = [...at(await freePort())];
  return {
    folder,
    config: {
      root: folder,
      base: '/app/',
      configFile: false,
      logLevel: 'error',
      cacheDir: join(folder, '.vite'),
      plugins: [tabaton({ apis, endpoint: '/auth' })],
      server: { ...server, port: Number(new URL(apis[0]!.origin).port), strictPort: true },
      preview: { host: '127.0.0.1', port: Number(new URL(apis[0]!.origin).port), strictPort: true, proxy },
      build: { outDir: join(folder, 'out') },
    },
  };
}

async function works(page: Page, address: string): Promise<void> {
  await page.goto(`${address}/app/`);
  await page.waitForFunction(() => 'go' in window);
  expect(await page.evaluate(() => (window as never as { go(user: string): Promise<string> }).go('ada'))).toBe('active');
  expect(await get(page, '/app/api/me')).toMatchObject({ status: 200, user: 'ada' });
}

test.describe('Vite', () => {
  // The strict backend does not mind that the application is on another port.
  test.use({ level: 'plain' });

  test('serves the worker in dev and emits the same bytes at the base of the build, settings included', async ({ origin }) => {
    const { config, folder } = await application(origin);
    const page = await origin.browser.newPage();
    const dev = await createServer(config);
    await dev.listen();
    const address = `http://localhost:${config.server!.port}`;
    const served = await (await fetch(`${address.replace('localhost', '127.0.0.1')}/app/tabaton-sw.js`)).text();
    await works(page, address);
    await dev.close();

    await build(config);
    expect(readFileSync(join(folder, 'out/tabaton-sw.js'), 'utf8')).toBe(served);
    expect(served).toContain('self.tabaton={"apis"');
    expect(served).toContain(readFileSync(join(root, 'dist/sw.js'), 'utf8'));
    const site = await preview(config);
    await works(page, address);
    await site.close();
    rmSync(folder, { recursive: true, maxRetries: 5 });
  });
});

test('npx tabaton init and check, as an application runs them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tabaton-cli-'));
  const tabaton = (...args: string[]) => execFileSync(process.execPath, [join(root, 'dist/cli/index.js'), ...args], { encoding: 'utf8', stdio: 'pipe' });
  mkdirSync(join(folder, 'public'));
  tabaton('init', join(folder, 'public'));
  expect(readFileSync(join(folder, 'public/tabaton-sw.js'), 'utf8')).toBe(readFileSync(join(root, 'dist/sw.js'), 'utf8'));
  expect(tabaton('check', join(folder, 'public'))).toContain('up to date');
  writeFileSync(join(folder, 'public/tabaton-sw.js'), '/*! tabaton 0.0.9 service worker */');
  expect(() => tabaton('check', join(folder, 'public'))).toThrow(/0\.0\.9/);
  rmSync(folder, { recursive: true });
});

for (const url of ['/workbox-module.js', '/workbox-import.js'])
  test(`beside Workbox in one worker (${url}): each has its own requests`, async ({ origin }) => {
    await underWorker(origin, { url });
    const page = await plain(origin);
    expect(await get(page)).toMatchObject({ status: 200, user: 'ada' });
    const cached = () => page.evaluate(() => fetch('/own-worker.js').then((answer) => answer.text()));
    const first = await cached();
    // Workbox answers first and writes to its cache afterwards: what comes between would ask the network again.
    await expect.poll(() => page.evaluate(async () => (await caches.match('/own-worker.js')) !== undefined)).toBe(true);
    origin.server.faults.always('page', (x) => x.send(new Response('the network', { status: 500 })));
    expect(await cached(), 'Workbox answers from its cache').toBe(first);
    expect(await get(page)).toMatchObject({ status: 200, user: 'ada' });
    expect(await page.evaluate(async () => (await caches.keys()).length)).toBe(1);
    await stopWorkers(page);
    expect(await cached(), 'also while a worker that has just started does not know whose requests to sign').toBe(first);
    origin.server.journal.clear();
    expect(await get(page, '/api/both')).toMatchObject({ status: 200, user: 'ada' });
    expect(origin.server.journal.of('api').length, 'what both would answer is sent once').toBe(1);
  });
