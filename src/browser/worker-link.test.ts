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
const page = (session: SessionOptions = {}, registration = new FakeRegistration(), update: () => Promise<unknown> = async () => undefined, navigator?: object) => {
  const container = Object.assign(new EventTarget(), {
    controller: registration.active,
    register: async () => registration,
    getRegistration: async () => registration,
  });
  vi.stubGlobal('navigator', navigator ?? { serviceWorker: container });
  const problems: string[] = [];
  const context = {
    ports: { clock: createClock(), ledger: { update } },
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

it.each([
  ['a string', 'a=1', 'a=1', {}],
  ['an object', { client: 'web' }, { client: 'web' }, {}],
  ['an object with what no message carries', { client: 'web', no: () => {} }, { client: 'web' }, {}],
  ['a form of text', new URLSearchParams({ client: 'web' }), 'client=web', { 'Content-Type': 'application/x-www-form-urlencoded;charset=UTF-8' }],
])('an endpoint’s body that is %s is told to the worker', async (_, body, told, headers) => {
  const at = page({ endpoint: { refresh: '/refresh', body } });
  expect(await at.link.register(script)).toBe('active');
  expect(at.told()[0]!.endpoint).toMatchObject({ body: told, headers });
  expect(at.problems).toEqual([]);
});

const circular: Record<string, unknown> = {};
circular.self = circular;
it.each([
  ['a form with files', new FormData()],
  ['a blob', new Blob()],
  ['bytes', new Uint8Array(2)],
  ['a stream', new ReadableStream()],
  ['an object without an end', circular],
])('an endpoint’s body that is %s is not told; register() says what to do and does not reject', async (_, body) => {
  const at = page({ endpoint: { refresh: '/refresh', body } });
  expect(await at.link.register(script)).toBe('active');
  expect(at.told()).toEqual([undefined]);
  expect(at.problems).toEqual([expect.stringMatching(/^worker_unavailable: .*write your own worker/)]);
});

it('overlapping calls of register() all settle', async () => {
  const registration = new FakeRegistration();
  const worker = registration.active!;
  Object.assign(registration, { active: null, installing: worker });
  const { link, container } = page({}, registration);
  const both = Promise.all([link.register(script), link.register(script)]);
  await vi.waitFor(() => expect(link.state).toBe('installing'));
  Object.assign(registration, { active: worker, installing: null });
  container.controller = worker;
  worker.dispatchEvent(new Event('statechange'));
  expect(await both).toEqual(['active', 'active']);
});

it('the last word counts: registered, unregistered and registered in one turn, it is there', async () => {
  const { link, registration, told } = page();
  const words = [link.register(script), link.unregister(), link.register(script)];
  expect(await Promise.all(words)).toEqual(['active', undefined, 'active']);
  expect(link.state).toBe('active');
  expect(told().map((config) => config!.apis.length)).toEqual([1, 0, 1]);
  expect(registration.unregistered).toBe(true);
});

it('unregister() while a new worker is asked who it is: there is none, and nothing is thrown', async () => {
  const { link, registration } = page();
  await link.register(script);
  const old = registration.active!;
  registration.active = new FakeWorker();
  let late: MessagePort | undefined;
  vi.spyOn(registration.active, 'postMessage').mockImplementation(({ config }, [port]) => (config!.apis.length ? (late = port) : port!.postMessage({ tabaton: 1, version: '0' })));
  old.dispatchEvent(new Event('statechange'));
  await vi.waitFor(() => expect(late).toBeDefined());
  await link.unregister();
  late!.postMessage({ tabaton: 1, version: '0' });
  // Whatever would be thrown by then has nobody to catch it, and fails the run.
  await new Promise((heard) => setTimeout(heard, 50));
  expect(link.state).toBe('none');
});

it('an address is read as the browser reads it: relative to the document’s base, and so is a scope', async () => {
  vi.stubGlobal('document', { baseURI: `${site}/shop/` });
  const { link, container } = page();
  const register = vi.spyOn(container, 'register');
  const asked = vi.spyOn(container, 'getRegistration');
  await link.register({ url: 'tabaton-sw.js' });
  await link.register({ url: '/static/tabaton-sw.js', scope: './' });
  expect(register.mock.calls.map(([url]: unknown[]) => `${url}`)).toEqual([`${site}/shop/tabaton-sw.js`, `${site}/static/tabaton-sw.js`]);
  expect(asked.mock.calls.map(([scope]: unknown[]) => scope).filter(Boolean)).toEqual([`${site}/shop/`, `${site}/shop/`]);
});

it.each<[string, object, RegExp]>([
  ['an origin with a path', { apis: [{ origin: `${site}/v1` }] }, /`apis`.*https:\/\/api\.example\.com/],
  ['a path without its slash', { apis: [{ origin: site, path: 'v1' }] }, /`apis`/],
  ['an endpoint that is none', { endpoint: 'http://[' }, /`endpoint`/],
  ['a misspelt mode', { mode: 'seald' }, /`mode`.*sealed/],
  ['an address that is none', { url: 'http://[' }, /nothing is registered/],
])('register() with %s: it says so, registers nothing, and does not reject', async (_, wrong, words) => {
  const { link, told, problems } = page();
  expect(await link.register({ ...script, ...wrong })).toBe('none');
  expect(problems).toEqual([expect.stringMatching(/^worker_unavailable: /)]);
  expect(problems[0]).toMatch(words);
  expect(told()).toEqual([]);
});

it('under another worker, whose scope is nearer, it is not active', async () => {
  const at = page();
  const nearer = new FakeRegistration(`${site}/app`);
  at.container.controller = nearer.active = new FakeWorker(`${site}/app/pwa.js`, undefined);
  at.container.getRegistration = async () => nearer;
  expect(await at.link.register(script)).toBe('uncontrolled');
  expect(at.problems).toEqual([expect.stringMatching(/^worker_scope: Another service worker .*app\/pwa\.js.*installWorker/)]);
});

it('under its own worker of before it waits for the new one to take the page over', async () => {
  const at = page();
  at.container.controller = new FakeWorker();
  vi.spyOn(at.registration.active!, 'postMessage').mockImplementation(function (this: FakeWorker, { type }, [port]) {
    port!.postMessage({ tabaton: 1, version: '0' });
    if (type !== 'CLAIM') return;
    at.container.controller = at.registration.active;
    at.container.dispatchEvent(new Event('controllerchange'));
  });
  expect(await at.link.register(script)).toBe('active');
  expect(at.problems).toEqual([]);
});

it('a sealed worker that keeps its settings: the page is told what to do', async () => {
  const registration = new FakeRegistration();
  registration.active = new FakeWorker(undefined, { refused: 'sealed' });
  const { link, problems } = page({}, registration);
  expect(await link.register(script)).toBe('active');
  expect(problems).toEqual([expect.stringMatching(/^worker_refused: .*unregister\(\).*installWorker/)]);
});

it('unregister() makes the worker quiet, also where it cannot be told of the endpoint, and leaves a foreign one alone', async () => {
  const own = page({ endpoint: async () => ({}) });
  await own.link.unregister();
  expect(own.told()).toMatchObject([{ apis: [] }]);
  expect(own.registration.unregistered).toBe(true);

  const foreign = new FakeRegistration();
  foreign.active = new FakeWorker(`${site}/pwa.js`);
  vi.spyOn(foreign.active, 'postMessage').mockImplementation((_, [port]) => port!.postMessage('hello'));
  await page({}, foreign).link.unregister();
  expect(foreign.unregistered).toBe(false);
});

it('in a sandboxed frame, where even asking for service workers throws, register() says so and does not reject', async () => {
  const { link, problems } = page({}, undefined, undefined, {
    get serviceWorker(): never {
      throw new DOMException('sandboxed', 'SecurityError');
    },
  });
  expect(await link.register(script)).toBe('none');
  expect(problems).toEqual([expect.stringMatching(/^worker_unavailable: .*sandboxed frame/)]);
});

it('unregister() waits a second for a ledger that does not answer', async () => {
  const { link, registration } = page({}, undefined, () => new Promise(() => {}));
  await link.register(script);
  await link.unregister();
  expect([registration.unregistered, link.state]).toEqual([true, 'none']);
});

it('endpoint and mode of the registration are the worker’s; without them, the session’s', async () => {
  const at = page();
  await at.link.register({ ...script, endpoint: { refresh: '/auth/refresh', headers: { 'X-Key': '1' } }, mode: 'sealed' });
  expect(at.told()[0]).toMatchObject({ endpoint: { refresh: `${site}/auth/refresh`, headers: { 'X-Key': '1' } }, mode: 'sealed' });
  expect(at.problems).toEqual([]);
  const plain = page();
  await plain.link.register(script);
  expect(plain.told()[0]).toMatchObject({ endpoint: `${site}/auth`, mode: 'attach' });
});

it('a worker that would refresh elsewhere than its page is told of: they would be two sessions', async () => {
  const at = page();
  await at.link.register({ ...script, endpoint: '/api/auth' });
  expect(at.problems).toEqual([expect.stringMatching(/^endpoint_misconfigured: /)]);
});
