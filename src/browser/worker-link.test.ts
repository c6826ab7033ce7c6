/** What a page tells its worker, on a container made by hand. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ToWorker, WorkerConfig } from '../contract/worker.js';
import type { Context } from '../core/context.js';
import { routesOf } from './routes.js';
import { createWorkerLink, type WorkerRegistration } from './worker-link.js';

const origin = 'https://app.example';
beforeEach(() => {
  vi.stubGlobal('location', new URL(`${origin}/`));
  vi.spyOn(console, 'warn').mockImplementation(() => {});
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Registers from a page whose session has this endpoint; resolves with what the worker heard and the page was warned of. */
const registered = async (endpoint: string, options: Omit<WorkerRegistration, 'url'>) => {
  const told: (WorkerConfig | undefined)[] = [];
  const problems: string[] = [];
  const active = Object.assign(new EventTarget(), {
    postMessage({ config }: ToWorker, [port]: MessagePort[]) {
      told.push(config);
      port!.postMessage({ tabaton: 1, version: '1.0.0' });
    },
  });
  const registration = Object.assign(new EventTarget(), { active, scope: `${origin}/` });
  vi.stubGlobal('navigator', { serviceWorker: Object.assign(new EventTarget(), { controller: active, register: async () => registration }) });
  const context = { ports: { clock: { after: () => () => {} } }, emit: () => {}, problem: (code: string) => problems.push(code) } as unknown as Context;
  expect(await createWorkerLink(context, { endpoint }, routesOf(endpoint), 'attach').register({ url: '/tabaton-sw.js', ...options })).toBe('active');
  return { told: told[0], problems };
};

it('endpoint and mode of the registration are the worker’s; without them, the session’s', async () => {
  const { told, problems } = await registered('/auth', { endpoint: { refresh: '/auth/refresh', headers: { 'X-Key': '1' } }, mode: 'sealed' });
  expect(told).toMatchObject({ endpoint: { refresh: `${origin}/auth/refresh`, headers: { 'X-Key': '1' } }, mode: 'sealed' });
  expect(problems).toEqual([]);
  expect((await registered('/auth', {})).told).toMatchObject({ endpoint: `${origin}/auth`, mode: 'attach' });
});

it('a worker that would refresh elsewhere than its page is told of: they would be two sessions', async () => {
  expect((await registered('/auth', { endpoint: '/api/auth' })).problems).toEqual(['endpoint_misconfigured']);
});
