import { describe, expect, test } from 'vitest';
import { createEndpoint } from '../endpoint.js';
import { StoreUnavailableError, type Store } from '../store.js';
import { memoryStore } from '../stores/memory.js';
import { eventReader } from '../testing/event-reader.js';
import { fakeClock } from '../testing/fake-clock.js';
import { UpstreamError } from '../upstream/upstream.js';
import { KEY, site, TestBrowser, type TestSite } from '../testing/site.js';

const listen = async (browser: TestBrowser, headers: Record<string, string> = {}) => {
  return eventReader(await browser.site.endpoint(browser.request('GET', '/events', undefined, headers)));
};

const signedIn = async (one: TestSite = site()) => {
  const browser = new TestBrowser(one);
  const { body } = await browser.login();
  return { browser, sid: body.sid };
};

describe('GET /auth/events', () => {
  test('says hello, in a form that no proxy gathers', async () => {
    const { browser, sid } = await signedIn();
    const { response, next } = await listen(browser);
    expect(response.status).toBe(200);
    expect(response.headers.get('Content-Type')).toBe('text/event-stream');
    expect(response.headers.get('X-Accel-Buffering')).toBe('no');
    expect(response.headers.get('Cache-Control')).toMatch(/no-store, no-transform/);
    expect(await next()).toMatchObject({ event: 'hello', data: { sid, gen: 1, refresh_expires_in: 14 * 86_400 } });
  });

  test('tells of a rotation and of a sign-out, then ends; no event carries a token or a credential', async () => {
    const { browser, sid } = await signedIn();
    const stream = await listen(browser);
    await stream.next();
    await browser.site.clock.advance(36_000);
    const refreshed = await browser.refresh({ have: 1 });
    expect(refreshed.body).toMatchObject({ outcome: 'rotated' });
    expect(await stream.next()).toMatchObject({ event: 'rotated', data: { sid, gen: 2 } });
    await browser.call('POST', '/logout', {});
    expect(await stream.next()).toMatchObject({ event: 'signed_out', data: { sid, reason: 'signed_out' } });
    expect(await stream.next()).toBeUndefined();
    expect(browser.site.events.filter(({ type }) => type === 'stream')).toEqual([
      { type: 'stream', change: 'opened', open: 1 },
      { type: 'stream', change: 'closed', open: 0 },
    ]);
    for (const secret of [refreshed.body['access_token'] as string, ...refreshed.setCookies.map((line) => /=([^;]+)/.exec(line)![1]!)]) {
      if (secret.length > 8) expect(stream.text).not.toContain(secret);
    }
  });

  test('theft is told as such', async () => {
    const { browser, sid } = await signedIn();
    const thief = new TestBrowser(browser.site);
    for (const [name, value] of browser.jar) thief.jar.set(name, value);
    await browser.site.clock.advance(36_000);
    await browser.refresh({ have: 1 });
    const stream = await listen(browser);
    await stream.next();
    await browser.site.clock.advance(60_000);
    expect((await thief.refresh({ ids: ['thief-attempt-00000000001'] })).body).toMatchObject({ reason: 'reuse_detected' });
    expect(await stream.next()).toMatchObject({ event: 'revoked', data: { sid, reason: 'reuse_detected' } });
    expect(await stream.next()).toBeUndefined();
  });

  test('goes on after the last event that was heard', async () => {
    const { browser } = await signedIn();
    const first = await listen(browser);
    await first.next();
    await browser.site.clock.advance(36_000);
    await browser.refresh({ have: 1 });
    const heard = await first.next();
    await first.cancel();
    await browser.site.clock.advance(36_000);
    await browser.refresh({ have: 2 });
    const second = await listen(browser, { 'Last-Event-ID': heard!.id! });
    expect((await second.next())!.event).toBe('hello');
    expect(await second.next()).toMatchObject({ event: 'rotated', data: { gen: 3 } });
  });

  test('a heartbeat every 20 s keeps the connection, and slides no expiry', async () => {
    const { browser } = await signedIn();
    const [id] = await browser.site.store.find((await anyFamily(browser)).indexes[0]!);
    const before = await browser.site.store.read(id!);
    const stream = await listen(browser);
    await stream.next();
    await browser.site.clock.advance(100_000);
    await browser.call('POST', '/logout', {});
    await stream.next();
    expect(stream.text.split('\n\n').filter((block) => block === ':')).toHaveLength(5);
    const after = await browser.site.store.read(id!);
    expect([after!.idleExpiry, after!.seenAt, after!.rot]).toEqual([before!.idleExpiry, before!.seenAt, before!.rot]);
  });

  test('204 once there is nothing to listen to', async () => {
    const { browser } = await signedIn();
    const cookies = new Map(browser.jar);
    await browser.call('POST', '/logout', {});
    for (const [name, value] of cookies) browser.jar.set(name, value);
    expect((await listen(browser)).response.status).toBe(204);
    expect((await listen(new TestBrowser(browser.site))).response.status).toBe(204);
  });

  test('the cookie before the newest is heard out within C; an older one neither streams nor convicts', async () => {
    const { browser } = await signedIn();
    const older = new TestBrowser(browser.site);
    for (const [name, value] of browser.jar) older.jar.set(name, value);
    await browser.site.clock.advance(36_000);
    await browser.refresh({ have: 1 });
    expect((await listen(older)).response.status).toBe(200);
    await browser.site.clock.advance(20_001);
    expect((await listen(older)).response.status).toBe(204);
    expect((await browser.call('GET', '/session')).body).toMatchObject({ active: true });
  });

  test('a fifth stream of a family ends the oldest', async () => {
    const { browser } = await signedIn();
    const all = [];
    for (let n = 0; n < 5; n += 1) all.push(await listen(browser));
    for (const stream of all) expect((await stream.next())?.event).toBe('hello');
    expect(await all[0]!.next()).toBeUndefined();
    expect(browser.site.events.findLast(({ type }) => type === 'stream')).toEqual({ type: 'stream', change: 'closed', open: 4 });
    await browser.call('POST', '/logout', {});
    for (const stream of all.slice(1)) expect((await stream.next())?.event).toBe('signed_out');
  });

  test('a reader that leaves leaves nothing behind', async () => {
    const { browser } = await signedIn();
    const gone = new AbortController();
    const request = browser.request('GET', '/events');
    const response = await browser.site.endpoint(new Request(request, { signal: gone.signal }));
    await eventReader(response).next();
    gone.abort();
    expect(browser.site.events.at(-1)).toEqual({ type: 'stream', change: 'closed', open: 0 });
  });

  test('a reader that does not read is let go before it costs memory, and goes on where it stopped', async () => {
    const { browser } = await signedIn();
    const { id } = await anyFamily(browser);
    const { store, clock, events } = browser.site;
    const stream = await listen(browser);
    for (let gen = 1; gen <= 400; gen += 1) await store.append(id, { type: 'rotated', data: { gen } });
    await clock.advance(0);
    expect(events.at(-1)).toEqual({ type: 'stream', change: 'closed', open: 0 });
    let last;
    for (let event; (event = await stream.next()); ) last = event;
    expect(new TextEncoder().encode(stream.text).length).toBeLessThan(17_000);
    const again = await listen(browser, { 'Last-Event-ID': last!.id! });
    expect((await again.next())!.event).toBe('hello');
    // The memory store keeps the last 64.
    expect(await again.next()).toMatchObject({ event: 'rotated', data: { gen: 337 } });
  });

  test.each([
    [{ 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }, 403],
    [{ 'Sec-Fetch-Site': 'same-site', Origin: 'https://other.app.example' }, 403],
    [{ 'Sec-Fetch-Site': 'same-site' }, 403],
    [{ 'Sec-Fetch-Site': 'same-origin' }, 200],
  ])('%j → %i', async (headers, status) => {
    const { browser } = await signedIn();
    expect((await listen(browser, headers as Record<string, string>)).response.status).toBe(status);
  });

  test('the user interface hears five minutes before the session ends unused, once', async () => {
    const one = site({ clients: { web: { access: 60_000, idle: 600_000 } } });
    const { browser, sid } = await signedIn(one);
    const stream = await listen(browser);
    await stream.next();
    await one.clock.advance(420_000);
    expect(await stream.next()).toMatchObject({ event: 'expiring', data: { sid, reason: 'idle', expires_in: 300 } });
    await one.clock.advance(240_000);
    expect(await stream.next()).toMatchObject({ event: 'revoked', data: { sid, reason: 'idle' } });
    expect(await stream.next()).toBeUndefined();
  });

  test('an announcement that was lost with the store is found out by looking', async () => {
    const clock = fakeClock();
    const inner = memoryStore({ clock });
    let down = false;
    const store: Store = {
      ...inner,
      append: () => Promise.reject(new StoreUnavailableError('gone')),
      read: (id) => (down ? Promise.reject(new StoreUnavailableError('gone')) : inner.read(id)),
    };
    const one: TestSite = { ...site({ store, clock }), clock };
    const { browser, sid } = await signedIn(one);
    const stream = await listen(browser);
    expect((await stream.next())!.event).toBe('hello');
    down = true;
    await clock.advance(60_000);
    expect(await stream.next()).toMatchObject({ event: 'degraded', data: { sid, reason: 'store_unavailable' } });
    down = false;
    await clock.advance(60_000);
    expect((await stream.next())!.event).toBe('hello');
    await browser.call('POST', '/logout', {});
    await clock.advance(60_000);
    expect((await stream.next())!.event).toBe('signed_out');
  });

  test('a sign-out at one node reaches the stream at another', async () => {
    const one = site();
    const two = createEndpoint({ publicOrigin: one.origin, store: one.store, clock: one.clock, keys: KEY, authenticate: async () => null });
    const { browser, sid } = await signedIn(one);
    const stream = eventReader(await two(browser.request('GET', '/events')));
    await stream.next();
    await one.clock.advance(36_000);
    await browser.refresh({ have: 1 });
    expect((await stream.next())!.event).toBe('rotated');
    await browser.call('POST', '/logout', { scope: 'all' });
    expect(await stream.next()).toMatchObject({ event: 'signed_out', data: { sid } });
  });

  test('a reader that lost its stream is told when to come back, each at another time', async () => {
    const { browser } = await signedIn(site({ random: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)), next: () => 0.5 } }));
    const stream = await listen(browser);
    await stream.next();
    expect(stream.text).toMatch(/^retry: 4000\n\n/);
  });

  test('a process that stops ends its streams', async () => {
    const { browser } = await signedIn();
    const all = [await listen(browser), await listen(browser)];
    for (const stream of all) await stream.next();
    browser.site.endpoint.endStreams();
    for (const stream of all) expect(await stream.next()).toBeUndefined();
    expect((await browser.call('GET', '/session')).body).toMatchObject({ active: true });
  });

  test('a provider that does not answer is said once a minute', async () => {
    const tokens = { accessToken: 'a', refreshToken: 'r', expiresInMs: 60_000 };
    const one = site({ upstream: { grant: async () => tokens, refresh: () => Promise.reject(new UpstreamError('unavailable', 'down')) } });
    const { browser, sid } = await signedIn(one);
    const stream = await listen(browser);
    await stream.next();
    await one.clock.advance(36_000);
    expect((await browser.refresh({ have: 1 })).status).toBe(503);
    expect((await stream.next())!.event).toMatch(/rotated|degraded/);
    await browser.refresh({ have: 1 });
    await browser.call('POST', '/logout', {});
    while ((await stream.next()) !== undefined);
    expect(stream.text.match(/^event: degraded\ndata: .*$/gm)).toEqual([`event: degraded\ndata: {"sid":"${sid}","reason":"upstream_unavailable"}`]);
  });

  test('one that answers is said of by nobody, nor is a token that was asked for too soon', async () => {
    const tokens = () => ({ accessToken: 'a', refreshToken: 'r', expiresInMs: 60_000 });
    const { browser } = await signedIn(site({ upstream: { grant: async () => tokens(), refresh: async () => tokens() } }));
    const stream = await listen(browser);
    await stream.next();
    await browser.site.clock.advance(36_000);
    expect((await browser.refresh({ have: 1 })).status).toBe(200);
    expect((await browser.refresh({ have: 2 })).status).toBe(429);
    await browser.call('POST', '/logout', {});
    while ((await stream.next()) !== undefined);
    expect(stream.text.match(/^event: .*$/gm)).toEqual(['event: hello', 'event: rotated', 'event: signed_out']);
  });

  test('a rotation that nobody listens to is not written down', async () => {
    const { browser } = await signedIn();
    await browser.site.clock.advance(36_000);
    await browser.refresh({ have: 1 });
    const topics: string[] = [];
    await browser.site.store.tail((await anyFamily(browser)).id, '0', ({ type }) => topics.push(type));
    await browser.site.clock.advance(1);
    expect(topics).toEqual([]);
  });
});

/** The one family of a site, as the store has it. */
async function anyFamily({ site: { store }, jar }: TestBrowser) {
  const [value] = [...jar].filter(([name]) => !name.startsWith('tabaton-hint')).map(([, credential]) => credential);
  const { parseCredential } = await import('../keys/credential.js');
  return (await store.read(parseCredential(value!)!.family))!;
}
