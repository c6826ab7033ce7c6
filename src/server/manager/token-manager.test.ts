import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { MisconfiguredError } from '../config/misconfigured.js';
import { type Store, StoreUnavailableError } from '../store.js';
import { memoryStore } from '../stores/memory.js';
import { fakeClock } from '../testing/fake-clock.js';
import { ADA, expired, onlyFamily, turns, world } from '../testing/managed-keys.js';
import { OneTimeService } from '../testing/one-time-service.js';
import { KEY } from '../testing/site.js';
import { UpstreamError } from '../upstream/upstream.js';
import { createTokenManager } from './token-manager.js';

describe('keys', () => {
  test('are encoded, never concatenated: two keys that read alike are two keys (the control mixes them up)', async () => {
    const [left, right] = [{ client: 'a', user: 'b:c' }, { client: 'a:b', user: 'c' }];
    const control = world();
    expect(await control.naive('no lock').get(left)).toBe(await control.naive('no lock').get(right));
    const one = world();
    const manager = one.node();
    expect((await manager.get(left)).accessToken).not.toBe((await manager.get(right)).accessToken);
    const odd = ['', '"', '","', '\u0000', '][', 'ada'].flatMap((client) => ['', '"', '","', ',', 'ada'].map((user) => ({ client, user })));
    const tokens = await Promise.all(odd.map((key) => manager.get(key)));
    expect(new Set(tokens.map(({ accessToken }) => accessToken)).size).toBe(odd.length);
  });
  test('that are none are refused', async () => {
    await expect(world().node().get({ client: 'x'.repeat(513), user: '' })).rejects.toThrow(/client of a token key/);
    await expect(world().node().get({ client: 'x', user: undefined as never })).rejects.toThrow(/user of a token key/);
  });
  test('namespaces keep managers of one store apart', async () => {
    const one = world();
    await one.node({ namespace: 'mail' }).get(ADA);
    await one.node({ namespace: 'files' }).get(ADA);
    expect(one.service.grants).toBe(2);
  });
});

describe('outages', () => {
  test('a store that is down: tokens in hand are used until they expire', async () => {
    const one = world();
    let down = false;
    const broken = new Proxy(one.store, {
      get: (store, name: keyof Store) => (down ? async () => { throw new StoreUnavailableError('Down.'); } : store[name].bind(store)),
    });
    const manager = one.node({ store: broken });
    const before = await manager.get(ADA);
    down = true;
    for (let second = 1; second < 60; second += 1) {
      await one.clock.advance(1_000);
      expect(await manager.get(ADA)).toMatchObject({ accessToken: before.accessToken, expiresInMs: 60_000 - second * 1_000 });
    }
    await one.clock.advance(1_000);
    await expect(manager.get(ADA)).rejects.toThrow(StoreUnavailableError);
    down = false;
    expect(await manager.get(ADA)).toMatchObject({ accessToken: 'at-2' });
  });
  test('a store that was lost, and counts from one again, does not leave a node without a token in hand', async () => {
    const one = world();
    let current: Store | null = one.store;
    const store = new Proxy(one.store, {
      get: (_, name: keyof Store) => (current ? current[name].bind(current) : async () => { throw new StoreUnavailableError('Down.'); }),
    });
    const manager = one.node({ store, mintGapMs: 0 });
    const { gen } = await manager.get(ADA, { rejected: (await manager.get(ADA)).gen });
    current = memoryStore({ clock: one.clock });
    await expired(one);
    const after = await manager.get(ADA);
    expect(after.gen).toBeLessThan(gen);
    current = null;
    await one.clock.advance(1_000);
    expect(await manager.get(ADA)).toMatchObject({ accessToken: after.accessToken });
  });
  test('an invalidation is heard within a second, however slow the answer that crossed it', async () => {
    const one = world();
    await one.node().get(ADA);
    let slow: Promise<void> | undefined;
    const store: Store = {
      ...one.store,
      async mint(...what) {
        const minted = await one.store.mint(...what);
        await slow;
        return minted;
      },
    };
    const manager = one.node({ store, trustMs: 900 });
    let arrive = () => {};
    slow = new Promise((resolve) => (arrive = resolve));
    const crossing = manager.get(ADA);
    await turns();
    await one.node().invalidate(ADA);
    await one.clock.advance(800);
    arrive();
    slow = undefined;
    expect(await crossing).toMatchObject({ accessToken: 'at-1' });
    await one.clock.advance(200);
    expect(await manager.get(ADA)).toMatchObject({ accessToken: 'at-2' });
  });
  test('the refused token is not given again while the store is down', async () => {
    const one = world();
    let down = false;
    const store: Store = { ...one.store, mint: async (...args) => (down ? Promise.reject(new StoreUnavailableError('Down.')) : one.store.mint(...args)) };
    const manager = one.node({ store });
    const { gen } = await manager.get(ADA);
    down = true;
    expect(await manager.get(ADA)).toMatchObject({ gen });
    await expect(manager.get(ADA, { rejected: gen })).rejects.toThrow(StoreUnavailableError);
  });
  test('a revocation whose first answer was lost reaches the service at the second try', async () => {
    const one = world();
    let lost = false;
    const store: Store = {
      ...one.store,
      async end(...args) {
        const answer = await one.store.end(...args);
        if (lost) return answer;
        lost = true;
        throw new StoreUnavailableError('No answer in time.');
      },
    };
    const manager = one.node({ store });
    await manager.get(ADA);
    await expect(manager.revoke(ADA)).rejects.toThrow(StoreUnavailableError);
    await manager.revoke(ADA);
    while (one.service.revoked.length === 0) await one.clock.advance(0);
    expect(one.service.revoked).toHaveLength(1);
  });
  test('a revocation that hangs, and does not hear that it is over, is tried again', async () => {
    const one = world();
    let tries = 0;
    const upstream = { ...one.service, revoke: () => (tries++ === 0 ? new Promise<void>(() => {}) : Promise.resolve()) };
    const manager = one.node({ upstream });
    await manager.get(ADA);
    await manager.revoke(ADA);
    while (tries === 0) await turns(1);
    await one.clock.advance(11_000);
    await turns();
    expect(tries).toBe(2);
    expect(one.events).toContainEqual({ type: 'revocation', result: 'ok' });
  });
  test('a refresh that was under way when its grant was revoked does not write over the grant that came after it', async () => {
    const one = world();
    const [a, b] = [one.node(), one.node()];
    await a.get(ADA);
    await expired(one);
    one.service.hold = true;
    const late = a.get(ADA);
    await one.service.arrived();
    await b.revoke(ADA);
    const { accessToken, gen } = await b.get(ADA);
    one.service.answer();
    expect(await late).toMatchObject({ accessToken, gen });
    await one.clock.advance(1_000);
    expect(await one.node().get(ADA)).toMatchObject({ accessToken, gen });
    // Its own refresh token, and what it has come back with.
    while (one.service.revoked.length < 2) await turns(1);
    expect(new Set(one.service.revoked).size).toBe(2);
  });
  test.each([['while its token lives', 0], ['when it has expired', 60_000]])('a grant of a server key that is gone is replaced by a new first grant, %s', async (_, later) => {
    const one = world();
    const { gen } = await one.node().get(ADA);
    await one.clock.advance(later);
    const rolled = one.node({ keys: 'YW5vdGhlci1rZXktZm9yLXRlc3RzLW9ubHktMDEyMzQ1Njc4OQ' });
    expect(await rolled.get(ADA)).toMatchObject({ accessToken: 'at-2', gen: gen + 1 });
    expect(one.service).toMatchObject({ grants: 2, refreshes: 0 });
    expect(one.events).toContainEqual(expect.objectContaining({ type: 'fault', what: 'open the upstream tokens' }));
  });
  test('a first grant that hangs is waited for as long as a refresh, and kept when it comes', async () => {
    const one = world();
    let answer = () => {};
    const hanging = new Promise<void>((resolve) => (answer = resolve));
    const upstream = {
      refresh: one.service.refresh,
      grant: async (key: typeof ADA) => {
        await hanging;
        return one.service.grant(key);
      },
    };
    const manager = one.node({ upstream, patienceMs: 2_000 });
    const settled = manager.get(ADA).catch((error: unknown) => error);
    await one.clock.waiting();
    await one.clock.advance(2_000);
    expect(await Promise.race([settled, 'waits'])).toMatchObject({ code: 'timeout', retryAfterMs: 1_000 });
    answer();
    expect(await manager.get(ADA)).toMatchObject({ accessToken: 'at-1' });
    expect(one.service.grants).toBe(1);
  });
  test('nothing readable is in the store', async () => {
    const one = world();
    await one.node().get({ client: 'reports', user: 'ada' });
    const record = JSON.stringify(await one.store.read(await onlyFamily(one)));
    expect(record).not.toContain('at-1');
    expect(record).not.toContain('#1');
  });
});

describe('fetch', () => {
  async function api(accepts: (token: string) => boolean) {
    const seen: { token: string; body: string }[] = [];
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
      seen.push({ token, body });
      response.writeHead(accepts(token) ? 200 : 401).end('answer');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    return { url, seen, close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))) };
  }
  test('401: once more with a newer token, body and all', async () => {
    const one = world();
    const there = await api((token) => token !== 'at-1');
    const call = one.node({ mintGapMs: 0 }).fetch(ADA);
    const response = await call(there.url, { method: 'POST', body: 'payload' });
    expect(response.status).toBe(200);
    expect(there.seen).toEqual([{ token: 'at-1', body: 'payload' }, { token: 'at-2', body: 'payload' }]);
    await there.close();
  });
  test('401 for good is answered after two tries: no loop', async () => {
    const one = world();
    const there = await api(() => false);
    const call = one.node({ mintGapMs: 0 }).fetch(ADA);
    expect((await call(there.url)).status).toBe(401);
    expect(there.seen).toHaveLength(2);
    await there.close();
  });
  test('fifty refused calls at once cost one refresh', async () => {
    const one = world();
    const there = await api((token) => token !== 'at-1');
    const call = one.node({ mintGapMs: 0 }).fetch(ADA);
    const statuses = await Promise.all(Array.from({ length: 50 }, async () => (await call(there.url)).status));
    expect(statuses).toEqual(Array(50).fill(200));
    expect(one.service.refreshes).toBe(1);
    await there.close();
  });
  test.each([
    ['first token', false],
    ['newer one', true],
  ])('who aborts while the %s is on its way is told so at once', async (_, refused) => {
    const one = world();
    const there = await api(() => !refused);
    const manager = one.node({ mintGapMs: 0 });
    if (refused) await manager.get(ADA);
    one.service.hold = true;
    const grant = () => new Promise<never>(() => {});
    const call = (refused ? manager : one.node({ upstream: { ...one.service, grant } })).fetch(ADA);
    const leaving = new AbortController();
    const answer = call(there.url, { signal: leaving.signal }).catch((error: unknown) => error);
    if (refused) await one.service.arrived();
    leaving.abort(new Error('No longer wanted.'));
    expect(await Promise.race([answer, turns(2_000)])).toMatchObject({ message: 'No longer wanted.' });
    expect(await call(there.url, { signal: leaving.signal }).catch((error: unknown) => error)).toMatchObject({ message: 'No longer wanted.' });
    one.service.answer();
    await there.close();
  });
  test('an answer that comes before the body is through is the answer', async () => {
    const server = createServer((_, response) => void response.writeHead(413).flushHeaders());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endless = new ReadableStream({ pull: async (controller) => (await turns(5), controller.enqueue(new Uint8Array(1_024))) });
    const init = { method: 'POST', body: endless, duplex: 'half' } as RequestInit;
    const response = await world().node().fetch(ADA)(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, init);
    expect(response.status).toBe(413);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  test('a body is let go when there is no token to send it with', async () => {
    const one = world();
    const upstream = { ...one.service, grant: async () => Promise.reject(new UpstreamError('unavailable', 'No.')) };
    let gone = false;
    const body = new ReadableStream({ cancel: () => void (gone = true) });
    await expect(one.node({ upstream }).fetch(ADA)('http://127.0.0.1:1/', { method: 'POST', body, duplex: 'half' } as RequestInit)).rejects.toThrow('No.');
    await turns();
    expect(gone).toBe(true);
  });
  test('when no newer token is to be had, the API’s own 401 is the answer', async () => {
    const one = world();
    const there = await api(() => false);
    one.service.fail = new UpstreamError('unavailable', 'No.');
    const response = await one.node({ mintGapMs: 0 }).fetch(ADA)(there.url);
    expect([response.status, await response.text()]).toEqual([401, 'answer']);
    await there.close();
  });
});

describe('options', () => {
  const good = () => ({ store: memoryStore(), upstream: new OneTimeService(), keys: KEY });
  test.each<[string, object]>([
    ['store', { store: undefined }],
    ['upstream', { upstream: { refresh: async () => ({}) } }],
    ['upstream.issuer', { upstream: { issuer: 'http://id.example', clientId: 'x' } }],
    ['upstream.clientId', { upstream: { issuer: 'https://id.example', clientId: '' } }],
    ['trustMs', { trustMs: 1_001 }],
    ['keys', { keys: 'short' }],
  ])('%s is checked at start, in a sentence that names it', (name, change) => {
    const build = () => createTokenManager({ ...good(), ...change } as never);
    expect(build).toThrow(MisconfiguredError);
    expect(build).toThrow(new RegExp(name.replace('.', '\\.')));
  });
  test('an OAuth provider without a user’s grant: client credentials, asked again when they expire', async () => {
    const clock = fakeClock();
    let calls = 0;
    const forms: string[] = [];
    const upstream = {
      issuer: 'https://id.example',
      clientId: 'reports',
      clientSecret: 'secret',
      scope: 'read',
      metadata: { token_endpoint: 'https://id.example/token' },
      fetch: (async (url: string, init: RequestInit) => {
        calls += 1;
        forms.push(await new Request(url, init).text());
        return Response.json({ access_token: `cc-${calls}`, token_type: 'Bearer', expires_in: 60 });
      }) as typeof fetch,
    };
    const store = memoryStore({ clock });
    const nodes = [1, 2].map(() => createTokenManager({ store, upstream, keys: KEY, clock, observe: () => {} }));
    const get = async () => (await Promise.all(nodes.map((node) => node.get(ADA)))).map(({ accessToken }) => accessToken);
    expect(await get()).toEqual(['cc-1', 'cc-1']);
    await clock.advance(60_000);
    expect(await get()).toEqual(['cc-2', 'cc-2']);
    expect(new Set(forms)).toEqual(new Set(['scope=read&grant_type=client_credentials']));
  });
});
