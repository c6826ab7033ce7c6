/** A 401 of an API: one refresh where it can help, one replay, and never a loop. */
import { describe, expect, it, vi } from 'vitest';
import { apiOf } from '../clients/fetch.js';
import type { VirtualSessionOptions } from '../testing/index.js';
import { tabs } from './testing/tabs.js';

/** An API that knows which tokens it takes, and remembers what it was sent. */
const api = (takes: (token: string) => boolean, more: ResponseInit = {}) => {
  const calls: { token: string; body: string; url: string }[] = [];
  const serve = async (request: Request): Promise<Response> => {
    const token = request.headers.get('Authorization') ?? '';
    calls.push({ token: token.replace('Bearer ', ''), body: await request.text(), url: request.url });
    return takes(token.replace('Bearer ', '')) ? new Response('ok') : new Response('no', { status: 401, ...more });
  };
  return { calls, serve };
};

const setup = async (count: number, serve: NonNullable<VirtualSessionOptions['api']>, options: VirtualSessionOptions = {}) => {
  const world = tabs();
  const all = await world.active(count, { api: serve, ...options });
  const rejected: unknown[] = [];
  for (const { session } of all) session.on('rejected', ({ reason }) => rejected.push(reason));
  return { ...world, all, tab: all[0]!, rejected };
};

describe('on 401', () => {
  it('with the current token: one refresh with reason unauthorized, one replay', async () => {
    const { calls, serve } = api((token) => token === 'token-2');
    const { tab, outcome, refreshes } = await setup(1, serve);
    const { value } = await outcome(tab.session.fetch('/api/me', { method: 'POST', body: 'hello' }));
    expect(value?.status).toBe(200);
    expect(calls.map(({ token, body }) => [token, body])).toEqual([['token-1', 'hello'], ['token-2', 'hello']]);
    expect(refreshes()[1]).toMatchObject({ call: { reason: 'unauthorized', have: 1 } });
  });

  it('of another session or scope with the same number: the limit of the first is not its own', async () => {
    const { tab, outcome, grants, refreshes } = await setup(1, async () => new Response());
    const unauthorized = (target: object = {}) => outcome(tab.session.refresh({ reason: 'unauthorized', ...target }));
    Object.assign(grants, { gen: 2 });
    await unauthorized();
    expect((await unauthorized()).error?.code).toBe('token_rejected');
    await outcome(tab.session.getToken({ scope: 'x' }));
    Object.assign(grants, { gen: 3 });
    expect((await unauthorized({ scope: 'x' })).error).toBeUndefined();
    Object.assign(grants, { gen: 2, sid: 's2', session_at: 2_000 });
    await outcome(tab.session.start());
    Object.assign(grants, { gen: 3 });
    const before = refreshes().length;
    expect((await unauthorized()).error).toBeUndefined();
    expect(refreshes()).toHaveLength(before + 1);
  });

  it('with a newer token known: a replay without a refresh', async () => {
    const { calls, serve } = api((token) => token === 'token-2');
    let inside: (() => Promise<void>) | undefined;
    const { tab, outcome, origin, watch, refreshes } = await setup(1, async (request) => {
      const answer = await serve(request);
      await inside?.();
      inside = undefined;
      return answer;
    });
    // While the first call is on its way, somebody refreshes.
    inside = async () => void watch(tab.session.refresh());
    const work = tab.session.fetch('/api/me');
    const { value } = await outcome(work);
    await origin.advance(1_000);
    expect(value?.status).toBe(200);
    expect(calls.map(({ token }) => token)).toEqual(['token-1', 'token-2']);
    expect(refreshes()).toHaveLength(2);
    expect(refreshes()[1]).toMatchObject({ call: { reason: 'force' } });
  });

  it('the replay is the same request: what it may do, and who may stop it', async () => {
    const seen: Request[] = [];
    const { tab, outcome } = await setup(1, async (request) => (seen.push(request), new Response(null, { status: seen.length === 1 ? 401 : 200 })));
    const stop = new AbortController();
    const init: RequestInit = { method: 'PUT', body: 'x', redirect: 'error', credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer', integrity: 'sha256-x', keepalive: true, headers: { 'X-A': '1' }, signal: stop.signal };
    await outcome(tab.session.fetch(new Request('https://app.test/api', init)));
    const told = ({ method, redirect, credentials, cache, referrerPolicy, integrity, keepalive, headers }: Request) => [method, redirect, credentials, cache, referrerPolicy, integrity, keepalive, headers.get('X-A')];
    expect(seen.map(told)).toEqual(Array(2).fill(['PUT', 'error', 'omit', 'no-store', 'no-referrer', 'sha256-x', true, '1']));
    stop.abort();
    expect(seen[1]!.signal.aborted).toBe(true);
  });

  it('is what the application says it is, also where that takes a while', async () => {
    const { calls, serve } = api((token) => token === 'token-2');
    const { tab, outcome, rejected } = await setup(1, async (request) => new Response((await serve(request)).status === 401 ? 'sign in' : 'ok'), { isUnauthorized: async (response) => (await response.clone().text()) === 'sign in' });
    expect((await outcome(tab.session.fetch('/api/me'))).value?.status).toBe(200);
    await outcome(tab.session.fetch('/api/me'));
    expect([calls.map(({ token }) => token), rejected]).toEqual([['token-1', 'token-2', 'token-2'], []]);
  });

  it('of an API with a scope of its own is cured with a token of that scope', async () => {
    const { serve } = api((token) => token === 'token-3');
    const { tab, outcome, refreshes } = await setup(1, serve, { apis: [{ origin: 'https://app.test', scope: 'mail' }] });
    expect((await outcome(tab.session.fetch('/api/me'))).value?.status).toBe(200);
    expect(refreshes().slice(1)).toMatchObject([{ call: { scope: 'mail', reason: 'startup' } }, { call: { scope: 'mail', reason: 'unauthorized', have: 2 } }]);
  });

  it('that stays is told with where it came from, without what was asked there', async () => {
    const { serve } = api(() => false);
    const { tab, outcome } = await setup(1, serve);
    const told: unknown[] = [];
    tab.session.on('rejected', (event) => told.push(event));
    await outcome(tab.session.fetch('/api/me?secret=1#x'));
    expect(told).toEqual([{ at: expect.any(Number), generation: 2, url: 'https://app.test/api/me', reason: 'repeated' }]);
  });

  it('where no refresh can be had the caller hears that, not the 401', async () => {
    const { serve } = api(() => false);
    const { tab, outcome, origin, rejected } = await setup(1, serve, { timeout: 3_000 });
    origin.offline();
    expect((await outcome(tab.session.fetch('/api/me'))).error?.code).toMatch(/refresh_(timeout|unavailable)/);
    expect(rejected).toEqual([]);
  });

  it('one replay per request, ever', async () => {
    const { calls, serve } = api(() => false);
    const { tab, outcome, rejected, refreshes } = await setup(1, serve);
    expect((await outcome(tab.session.fetch('/api/me'))).value?.status).toBe(401);
    expect([calls.length, refreshes().length, rejected]).toEqual([2, 2, ['repeated']]);
  });

  it('on the product of such a refresh nothing is refreshed for a minute, in the whole origin', async () => {
    const { calls, serve } = api(() => false);
    const { all, outcome, origin, rejected, refreshes } = await setup(3, serve);
    await outcome(all[0]!.session.fetch('/api/me'));
    await origin.advance(100);
    for (const { session } of all) expect((await outcome(session.fetch('/api/me'))).value?.status).toBe(401);
    expect(refreshes()).toHaveLength(2);
    expect(rejected).toEqual(Array(4).fill('repeated'));
    await origin.advance(61_000);
    await outcome(all[1]!.session.fetch('/api/me'));
    expect(refreshes()).toHaveLength(3);
    expect(calls.length).toBeLessThanOrEqual(7);
  });

  it.each(['insufficient_scope', 'insufficient_user_authentication'])('%s never refreshes', async (error) => {
    const { calls, serve } = api(() => false, { headers: { 'WWW-Authenticate': `Bearer realm="x", error="${error}"` } });
    const { tab, outcome, rejected, refreshes } = await setup(1, serve);
    expect((await outcome(tab.session.fetch('/api/me'))).value?.status).toBe(401);
    expect([calls.length, refreshes().length, rejected]).toEqual([1, 1, ['not_refreshable']]);
  });

  it('many calls of many tabs share one refresh', async () => {
    const { serve } = api((token) => token !== 'token-1');
    const { all, outcome, refreshes } = await setup(5, serve);
    const work = Promise.all(all.flatMap(({ session }) => Array.from({ length: 10 }, () => session.fetch('/api/me'))));
    expect((await outcome(work)).value?.every(({ status }) => status === 200)).toBe(true);
    expect(refreshes()).toHaveLength(2);
  });

  it('a body of a Request is kept for the replay up to replayLimit; beyond it the 401 comes back with its reason', async () => {
    const { calls, serve } = api((token) => token !== 'token-1');
    const { tab, outcome, rejected } = await setup(1, serve, { replayLimit: 10 });
    const send = (body: string) => tab.session.fetch(new Request('https://app.test/api', { method: 'POST', body }));
    expect((await outcome(send('a'.repeat(11)))).value?.status).toBe(401);
    expect(rejected).toEqual(['not_replayable']);
    // The refresh it set off is under way: the next request waits for it.
    expect((await outcome(send('b'.repeat(11)))).value?.status).toBe(200);
    const short = await setup(1, api((token) => token !== 'token-1').serve, { replayLimit: 10 });
    expect((await short.outcome(short.tab.session.fetch(new Request('https://app.test/api', { method: 'POST', body: 'a'.repeat(10) })))).value?.status).toBe(200);
    expect(calls).toHaveLength(2);
  });

  it('who waits for the token that replaces a refused one gives up with its own signal', async () => {
    const { calls, serve } = api((token) => token !== 'token-1');
    const { tab, outcome, origin, watch } = await setup(1, async (request) => (request.signal.throwIfAborted(), serve(request)), { replayLimit: 10 });
    origin.fault = () => 'hang';
    await outcome(tab.session.fetch(new Request('https://app.test/api', { method: 'POST', body: 'a'.repeat(11) })));
    const stop = new AbortController();
    const call = watch(tab.session.fetch('/api/me', { signal: stop.signal }));
    await origin.advance(1_000);
    expect(call).toEqual({});
    stop.abort(new Error('the user left'));
    await origin.advance(10);
    expect([call.error?.message, calls.length]).toEqual(['the user left', 1]);
  });

  it('the body of a keepalive request is not looked at (WebKit would not send it any more), and is sent again all the same', async () => {
    const looked: Request[] = [];
    const body = Object.getOwnPropertyDescriptor(Request.prototype, 'body')!;
    Object.defineProperty(Request.prototype, 'body', {
      ...body,
      get(this: Request) {
        looked.push(this);
        return body.get!.call(this) as unknown;
      },
    });
    try {
      const { calls, serve } = api((token) => token !== 'token-1');
      const sent: Request[] = [];
      const { tab, outcome } = await setup(1, (request) => (sent.push(request), serve(request)));
      const init = { method: 'POST', body: 'bye', keepalive: true };
      for (const work of [() => tab.session.fetch(new Request('https://app.test/api', init)), () => tab.session.fetch('https://app.test/api', init)])
        expect((await outcome(work())).value?.status).toBe(200);
      expect(calls.map(({ body: text }) => text)).toEqual(['bye', 'bye', 'bye']);
      expect(sent.filter((request) => looked.includes(request))).toEqual([]);
    } finally {
      Object.defineProperty(Request.prototype, 'body', body);
    }
  });

  it('where Request.body is missing (Firefox) a body is read for the replay only once there is a 401', async () => {
    const body = Object.getOwnPropertyDescriptor(Request.prototype, 'body')!;
    const read = vi.spyOn(Request.prototype, 'blob');
    Reflect.deleteProperty(Request.prototype, 'body');
    try {
      const { calls, serve } = api((token) => token !== 'token-2');
      const { tab, outcome, rejected } = await setup(1, serve, { replayLimit: 10 });
      const send = async (text: string) => (await outcome(tab.session.fetch(new Request('https://app.test/api', { method: 'POST', body: text })))).value?.status;
      expect(await send('a'.repeat(11))).toBe(200);
      expect(read).not.toHaveBeenCalled();
      await outcome(tab.session.refresh());
      expect(await send('a'.repeat(10))).toBe(200);
      expect([read.mock.calls.length, calls.map(({ body: sent }) => sent.length), rejected]).toEqual([1, [11, 10, 10], []]);
      const long = await setup(1, api(() => false).serve, { replayLimit: 10 });
      await long.outcome(long.tab.session.fetch(new Request('https://app.test/api/me', { method: 'POST', body: 'a'.repeat(11) })));
      expect(long.rejected).toEqual(['not_replayable']);
    } finally {
      Object.defineProperty(Request.prototype, 'body', body);
      read.mockRestore();
    }
  });
});

describe('session.fetch', () => {
  it("never touches a caller's own Authorization", async () => {
    const { calls, serve } = api(() => true);
    const { tab, outcome } = await setup(1, serve);
    await outcome(tab.session.fetch('/api/me', { headers: { authorization: 'Bearer mine' } }));
    await outcome(tab.session.fetch(new Request('https://app.test/api/me', { headers: { Authorization: 'Basic mine' } })));
    expect(calls.map(({ token }) => token)).toEqual(['mine', 'Basic mine']);
  });

  it('gives the token to configured APIs only', async () => {
    const { calls, serve } = api(() => true);
    const { tab, outcome } = await setup(1, serve);
    for (const url of ['https://app.test/x', 'https://app.test.evil/x', 'http://app.test/x', 'https://app.test:8443/x']) await outcome(tab.session.fetch(url));
    expect(calls.map(({ token }) => token)).toEqual(['token-1', '', '', '']);
  });

  it('an API is matched by its origin and by whole path segments, never by a string prefix', () => {
    const apis = [{ origin: 'https://api.test', path: '/v1' }];
    const matches = (url: string) => !!apiOf(apis, new URL(url));
    expect(['/v1', '/v1/', '/v1/x', '/v1?q'].map((path) => matches(`https://api.test${path}`))).toEqual([true, true, true, true]);
    expect(['/v10', '/v1x', '/', '/x/v1', '/v1/../v2'].map((path) => matches(`https://api.test${path}`))).toEqual(Array(5).fill(false));
    expect(matches('https://api.test.evil/v1')).toBe(false);
  });

  it('sends without a token only while nobody is signed in, and rejects once the session has ended', async () => {
    const { calls, serve } = api(() => true);
    const world = tabs();
    const visitor = world.open({ start: 'hint', api: serve });
    expect((await world.outcome(visitor.session.fetch('/api/me'))).value?.status).toBe(200);
    expect(calls.map(({ token }) => token)).toEqual(['']);
    expect(world.origin.requests).toHaveLength(0);
    const { tab, outcome } = await setup(1, serve);
    await outcome(tab.session.signOut());
    expect((await outcome(tab.session.fetch('/api/me'))).error).toMatchObject({ code: 'session_ended', reason: 'signed_out' });
    expect(calls).toHaveLength(1);
  });

  it('rejects, and sends nothing, when no token can be had in time', async () => {
    const { calls, serve } = api(() => true);
    const { tab, outcome, origin } = await setup(1, serve, { timeout: 3_000 });
    await origin.advance(600_000);
    origin.offline();
    expect((await outcome(tab.session.fetch('/api/me'))).error?.code).toMatch(/refresh_(timeout|unavailable)/);
    expect(calls).toHaveLength(0);
  });
});
