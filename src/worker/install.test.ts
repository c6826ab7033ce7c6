/** The worker's listeners on a scope made by hand: which settings they come to, and what they tell the browser. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WorkerConfig } from '../contract/worker.js';
import { installWorker, type WorkerOptions } from './install.js';
import type { Plan } from './plan.js';

const disk = vi.hoisted(() => ({ stored: undefined as unknown }));
const opened = vi.hoisted(() => [] as Plan[]);
const doubts = vi.hoisted(() => [] as string[]);
const worker = vi.hoisted(() => ({ busy: false, over: () => {}, closed: 0 }));
vi.mock('../browser/ledger.js', () => ({
  createLedger: () => ({ read: async () => disk.stored, update: async (change: (stored: unknown) => unknown) => (disk.stored = change(disk.stored)) }),
}));
vi.mock('./peer.js', () => ({
  createPeer: (plan: Plan) => {
    opened.push(plan);
    return {
      report: async (start: boolean) => ({ status: start ? 'active' : 'anonymous' }),
      close: () => void (worker.closed += 1),
      fetch: async (request: Request, api: { path: string }) => new Response(`signed for ${api.path}: ${new URL(request.url).pathname}`),
      busy: () => worker.busy,
      idle: () => new Promise<void>((resolve) => (worker.over = resolve)),
      doubt: (effect: string) => doubts.push(effect),
    };
  },
}));

const origin = 'https://app.example';
const said: WorkerConfig = { endpoint: '/api/auth', apis: [{ origin, path: '/v1' }], mode: 'attach', timeout: 9_000 };
beforeEach(() => {
  disk.stored = undefined;
  opened.length = doubts.length = 0;
  Object.assign(worker, { busy: false, closed: 0 });
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
    return works;
  };
  const post = async (type: string, config?: unknown, tabaton: unknown = 1) => {
    const answers: unknown[] = [];
    await fire('message', { data: { tabaton, type, config }, ports: [{ postMessage: (answer: unknown) => answers.push(answer) }] });
    return answers;
  };
  return {
    fire,
    post,
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

describe('a request', () => {
  const ours = { apis: [{ origin, path: '/v1' }] };
  /** Another listener of the worker, which hears what is passed on. */
  let other: ((event: { request: Request; respondWith(answer: Response): void }) => void) | undefined;
  let stopped = 0;
  beforeEach(() => {
    other = undefined;
    stopped = 0;
    vi.stubGlobal('FetchEvent', class {
      constructor(
        readonly type: string,
        { request }: { request: Request },
      ) {
        Object.assign(this, { request });
      }
    });
    vi.stubGlobal('dispatchEvent', (event: never) => other?.(event));
  });
  /** Node's Request knows no `navigate` and no destination: what a browser sets is set here. */
  const ask = async ({ fire }: ReturnType<typeof start>, path: string, { mode = 'cors', destination = '', ...init }: { mode?: string; destination?: string; method?: string; headers?: Record<string, string> } = {}) => {
    vi.stubGlobal('fetch', async () => new Response('network'));
    const request = Object.defineProperties(new Request(new URL(path, origin), init), { mode: { value: mode }, destination: { value: destination } });
    let answer: Promise<Response> | undefined;
    const works = await fire('fetch', { request, isTrusted: true, respondWith: (given: Promise<Response>) => (answer = given), stopImmediatePropagation: () => (stopped += 1) });
    const text = answer ? await (await answer).text() : 'untouched';
    await Promise.all(works);
    return text;
  };

  it('for an API is signed, every other one is untouched', async () => {
    const of = start(ours);
    expect([await ask(of, '/v1/me'), await ask(of, '/v2'), await ask(of, '/v1', { mode: 'no-cors' })]).toEqual(['signed for /v1: /v1/me', 'untouched', 'untouched']);
    expect(stopped, 'and no other listener sends a signed one once more').toBe(1);
  });

  it('that was held for nothing is for the other listeners of the worker, as if it came only now', async () => {
    disk.stored = said;
    other = (event) => event.respondWith(new Response(`theirs: ${new URL(event.request.url).pathname}`));
    expect(await ask(start(), '/v2')).toBe('theirs: /v2');
  });

  it.each([
    ['POST', '/auth/refresh', []],
    ['POST', '/auth/login', ['user']],
    ['POST', '/auth/logout', ['leaving']],
  ])('%s %s of the endpoint is untouched, and what it may change is noted', async (method, path, effects) => {
    expect([await ask(start({ apis: [{ origin }] }), path, { method }), doubts]).toEqual(['untouched', effects]);
  });

  it.each([
    ['that may be for an API is held until the disk has answered', '/v1/me', {}, 'signed for /v1: /v1/me'],
    ['that turns out to be for none goes on to the network', '/v2', {}, 'network'],
    ['for an image is not held', '/v1/a.png', { destination: 'image' }, 'untouched'],
    ['that carries a token of its own is not held', '/v1', { headers: { Authorization: 'Basic x' } }, 'untouched'],
    ['in the shape of a refresh is not held', '/api/auth/refresh', { method: 'POST', headers: { 'X-Tabaton': '1' } }, 'untouched'],
    ['for a page is not held', '/v1', { mode: 'navigate', destination: 'document' }, 'untouched'],
  ])('of a worker that has just started, %s', async (_, path, init, answer) => {
    disk.stored = said;
    expect(await ask(start(), path, init)).toBe(answer);
  });

  it('for a page is held by a worker whose address says so', async () => {
    disk.stored = said;
    vi.stubGlobal('location', new URL(`${origin}/tabaton-sw.js?navigations`));
    expect(await ask(start(), '/elsewhere', { mode: 'navigate', destination: 'document' })).toBe('network');
  });

  it('to the endpoint that came before the settings is noted when they are there', async () => {
    disk.stored = said;
    const of = start();
    expect(await ask(of, '/api/auth/login', { method: 'POST', headers: { 'X-Tabaton': '1' } })).toBe('untouched');
    await of.settings();
    expect(doubts).toEqual(['user']);
  });

  it('of a worker that knows no settings, and will not, is untouched', async () => {
    const of = start();
    await of.settings();
    expect(await ask(of, '/v1/me')).toBe('untouched');
  });

  it('keeps its worker alive until what it has set off is over', async () => {
    worker.busy = true;
    let over = false;
    const asked = ask(start(ours), '/v1/me').then(() => (over = true));
    await new Promise((turn) => setImmediate(turn));
    expect(over).toBe(false);
    worker.over();
    await asked;
  });
});

describe('a message', () => {
  it('of another script is not answered; of another version is answered, and changes nothing', async () => {
    const { post, settings } = start();
    expect(await post('CONFIGURE', said, 'x')).toEqual([]);
    expect(await post('CONFIGURE', said, 2)).toMatchObject([{ tabaton: 1, mode: undefined }]);
    expect(await post('REPORT', said)).toMatchObject([{ mode: undefined }]);
    expect(await settings()).toBeUndefined();
    expect(await post('CONFIGURE', said)).toMatchObject([{ tabaton: 1, mode: 'attach' }]);
  });
});

it('other settings have a session of their own, the same ones keep theirs', async () => {
  const { tell, settings } = start();
  for (const config of [said, said, { ...said, timeout: 5_000 }]) {
    await tell(config);
    await settings();
  }
  expect([opened.length, worker.closed]).toEqual([2, 1]);
});

it('a new script with settings of its own forgets that an older one was made quiet; one without keeps what pages said', async () => {
  disk.stored = { ...said, quiet: true };
  await start().fire('install');
  expect(disk.stored).toEqual({ ...said, quiet: true });
  await start({ apis: [{ origin }] }).fire('install');
  expect(disk.stored).toBeUndefined();
});

it('a page that asks hears how the session stands, and one that starts it what came of that', async () => {
  const { tell, post, fire } = start();
  await tell(said);
  expect([await post('REPORT'), await post('START'), await post('CONFIGURE', said)]).toMatchObject([[{ report: { status: 'anonymous' } }], [{ report: { status: 'active' } }], [{ report: undefined }]]);
  await fire('message', { data: undefined, ports: [] });
});

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
