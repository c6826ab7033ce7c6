/** The worker's listeners on a scope made by hand: which settings they come to, and what they tell the browser. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WorkerConfig } from '../contract/worker.js';
import { installWorker, type WorkerOptions } from './install.js';
import type { Plan } from './plan.js';

const disk = vi.hoisted(() => ({ stored: undefined as unknown }));
const opened = vi.hoisted(() => [] as Plan[]);
vi.mock('../browser/ledger.js', () => ({
  createLedger: () => ({ read: async () => disk.stored, update: async (change: (stored: unknown) => unknown) => (disk.stored = change(disk.stored)) }),
}));
vi.mock('./peer.js', () => ({ createPeer: (plan: Plan) => (opened.push(plan), { report: async () => undefined, close: () => {} }) }));

const origin = 'https://app.example';
const said: WorkerConfig = { endpoint: '/api/auth', apis: [{ origin, path: '/v1' }], mode: 'attach', timeout: 9_000 };
beforeEach(() => {
  disk.stored = undefined;
  opened.length = 0;
  vi.stubGlobal('location', new URL(`${origin}/tabaton-sw.js`));
  vi.stubGlobal('registration', { scope: `${origin}/` });
});
afterEach(() => vi.unstubAllGlobals());

/** A worker that has just started. */
const start = (options?: WorkerOptions) => {
  const listeners: Record<string, (event: object) => void> = {};
  vi.stubGlobal('addEventListener', (type: string, run: (event: object) => void) => (listeners[type] = run));
  installWorker(options);
  const fire = async (type: string, event: object = {}) => {
    const works: Promise<unknown>[] = [];
    listeners[type]!({ ...event, waitUntil: (work: Promise<unknown>) => works.push(work) });
    await Promise.all(works);
  };
  const post = (type: string, config?: unknown) => fire('message', { data: { tabaton: 1, type, config }, ports: [] });
  return {
    fire,
    tell: (config: unknown) => post('CONFIGURE', config),
    settings: async () => (await post('REPORT'), opened.at(-1)?.config),
  };
};

describe('settings in the code of a worker that leaves whose requests to the page', () => {
  it.each([{ mode: 'sealed' }, { timeout: 5_000 }, { mode: 'sealed', timeout: 5_000 }] as const)('%j: each is kept, whatever the page says, and the rest is the page’s', async (coded) => {
    const { tell, settings } = start(coded);
    await tell(said);
    expect(await settings()).toEqual({ ...said, ...coded });
  });

  it('a restarted worker keeps them over what the disk remembers', async () => {
    disk.stored = said;
    expect(await start({ mode: 'sealed' }).settings()).toEqual({ ...said, mode: 'sealed' });
  });

  it('until a page or the disk says whose, nothing is signed', async () => {
    expect(await start({ mode: 'sealed' }).settings()).toBeUndefined();
  });

  it('one that is undefined counts as absent', async () => {
    const { tell, settings } = start({ mode: undefined, apis: undefined });
    await tell(said);
    expect(await settings()).toEqual(said);
  });
});

it('with `apis` in the code nothing is the page’s', async () => {
  const { tell, settings } = start({ apis: [{ origin }] });
  await tell(said);
  expect(await settings()).toEqual({ endpoint: '/auth', apis: [{ origin }], mode: 'attach' });
});

it.each([{ mode: 'seald' as never }, { apis: [{ origin: 'app.example' }] }, { endpoint: {} as never }])('what cannot be meant is refused when the worker starts: %j', (options) =>
  expect(() => start(options)).toThrow(expect.objectContaining({ code: 'invalid_option' })),
);

describe('static routing', () => {
  /** The rules the browser is given when the worker is installed. */
  const routed = async (options?: WorkerOptions) => {
    const rules: unknown[] = [];
    await start(options).fire('install', { addRoutes: async (rule: unknown) => void rules.push(rule) });
    return rules;
  };

  it('a worker that knows its endpoint has the browser send refreshes past it, without even starting it', async () => {
    const past = (urlPattern: string) => [{ condition: { urlPattern, requestMethod: 'POST' }, source: 'network' }];
    expect(await routed({ apis: [{ origin }] })).toEqual(past('/auth/refresh'));
    expect(await routed({ endpoint: { refresh: '/api/renew', logout: '/api/leave' } })).toEqual(past('/api/renew'));
  });

  it('there is none where a page says the endpoint, after the installation, nor for another origin', async () => {
    expect(await routed()).toEqual([]);
    expect(await routed({ mode: 'sealed' })).toEqual([]);
    expect(await routed({ endpoint: 'https://login.example/auth' })).toEqual([]);
  });

  it('a browser without it, or one that refuses the rule, installs the worker all the same', async () => {
    const { fire } = start({ apis: [{ origin }] });
    await fire('install');
    await fire('install', { addRoutes: () => Promise.reject(new TypeError('no')) });
  });
});
