import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ToWorker, Welcome } from '../contract/worker.js';
import type { Context } from '../core/context.js';
import { createClock } from './clock.js';
import type { SessionOptions } from './options.js';
import { routesOf } from './routes.js';
import { createWorkerLink } from './worker-link.js';

const site = 'https://app.example';

class FakeWorker extends EventTarget {
  readonly heard: ToWorker[] = [];
  constructor(
    readonly scriptURL = `${site}/tabaton-sw.js`,
    readonly welcome: Partial<Welcome> | undefined = {},
  ) {
    super();
  }
  postMessage(message: ToWorker, [port]: MessagePort[]) {
    this.heard.push(structuredClone(message));
    if (this.welcome) port!.postMessage({ tabaton: 1, version: '0', ...this.welcome });
  }
}

class FakeRegistration extends EventTarget {
  active: FakeWorker | null = new FakeWorker();
  waiting: FakeWorker | null = null;
  installing: FakeWorker | null = null;
  unregistered = false;
  constructor(readonly scope = `${site}/`) {
    super();
  }
  unregister = async () => (this.unregistered = true);
}

/** A page, its worker as the browser shows it, and a session's link to it. */
const page = (session: SessionOptions = {}, registration = new FakeRegistration()) => {
  const container = Object.assign(new EventTarget(), {
    controller: registration.active,
    register: async () => registration,
    getRegistration: async () => registration,
  });
  vi.stubGlobal('navigator', { serviceWorker: container });
  const problems: string[] = [];
  const updates: unknown[] = [];
  const context = {
    ports: { clock: createClock(), ledger: { update: async (change: (stored: unknown) => unknown) => updates.push(change({ mode: 'sealed' })) } },
    emit: () => {},
    problem: (code: string, message: string) => problems.push(`${code}: ${message}`),
  } as unknown as Context;
  const link = createWorkerLink(context, session, routesOf(session.endpoint ?? '/auth'), session.mode ?? 'attach');
  return { link, registration, container, problems, told: () => registration.active!.heard.filter(({ type }) => type === 'CONFIGURE').map(({ config }) => config) };
};
const script = { url: '/tabaton-sw.js' };

beforeEach(() => {
  vi.stubGlobal('location', new URL(`${site}/app`));
  vi.stubGlobal('isSecureContext', true);
  vi.spyOn(console, 'warn').mockImplementation(() => {});
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

it('tells the worker every route of the endpoint, so that it leaves all of them alone', async () => {
  const { link, told } = page({ endpoint: { refresh: '/api/refresh', login: '/api/login', session: '/api/session' } });
  expect(await link.register(script)).toBe('active');
  expect(told()[0]!.endpoint).toMatchObject({ refresh: `${site}/api/refresh`, login: `${site}/api/login`, session: `${site}/api/session` });
});
