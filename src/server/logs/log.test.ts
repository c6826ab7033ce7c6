import { describe, expect, test, vi } from 'vitest';
import { createHash } from 'node:crypto';
import { createMetrics } from '../metrics/metrics.js';
import { StoreUnavailableError, type Store } from '../store.js';
import { memoryStore } from '../stores/memory.js';
import { eventReader } from '../testing/event-reader.js';
import { fakeClock } from '../testing/fake-clock.js';
import { attempt, KEY, site, TestBrowser, type TestSite } from '../testing/site.js';
import { UpstreamError } from '../upstream/upstream.js';
import { createLog } from './log.js';

/** A site whose log is kept, and everything in it that nobody may read there. */
const logged = (options: Parameters<typeof site>[0] = {}) => {
  const clock = fakeClock();
  const lines: string[] = [];
  const secrets = new Set<string>([KEY]);
  const log = createLog({ write: (line) => lines.push(line), clock });
  const metrics = createMetrics({ open: true });
  const one: TestSite = { ...site({ store: memoryStore({ clock }), clock, observe: [log, metrics.observe], ...options }), clock };
  const note = (...values: unknown[]) => {
    for (const value of values) if (typeof value === 'string' && value.length >= 8) secrets.add(value);
  };
  const learn = (reply: { body: Record<string, unknown>; setCookies: string[] }) => {
    const { access_token, refresh_token, device_code, user_code, attempt_settled } = reply.body;
    note(access_token, refresh_token, device_code, user_code, attempt_settled, ...reply.setCookies.map((line) => /=([^;]*)/.exec(line)![1]));
    return reply;
  };
  const browserOf = () => {
    const browser = new TestBrowser(one);
    const send = browser.send.bind(browser);
    browser.send = async (request, info) => {
      note(...(request.headers.get('Cookie') ?? '').split(/[=;] ?/), request.headers.get('Idempotency-Key'));
      return learn(await send(request, info)) as never;
    };
    return browser;
  };
  return { one, lines, secrets, note, browserOf, metrics };
};

const entries = (lines: string[]) => lines.map((line) => JSON.parse(line) as Record<string, unknown>);

describe('structured logs', () => {
  test('carry time, event, the first 8 hex of the hashed attempt, outcome, ms and client', async () => {
    const { one, lines, browserOf } = logged();
    const browser = browserOf();
    const { body } = await browser.login();
    await one.clock.advance(36_000);
    await browser.refresh({ have: 1, ids: [attempt(42)] });
    expect(entries(lines)).toEqual([
      { time: '2023-11-14T22:13:20.000Z', level: 'info', event: 'login', result: 'ok', client: 'web', ms: 0 },
      {
        time: '2023-11-14T22:13:56.000Z', level: 'info', event: 'refresh', client: 'web', outcome: 'rotated', status: 200, healed: false, lag: 0,
        attempt: createHash('sha256').update(attempt(42)).digest('hex').slice(0, 8), sid: body.sid, ms: 0,
      },
    ]);
  });

  test('a whole run leaves no secret in any line, nor on the console', async () => {
    const written: string[] = [];
    const spies = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) => vi.spyOn(console, name).mockImplementation((...args) => void written.push(args.map(String).join(' '))));
    const password = 'correct-horse-battery-staple';
    const run = logged({
      deviceGrant: { page: '/device' },
      authenticate: async (request) => {
        const { user, password: given } = (await request.json()) as { user: string; password: string };
        // An application that quotes what it should not.
        if (given === 'explode') throw new Error(`no such row for ${user} at postgres://app:hunter2secret@db/users, key ${KEY}`);
        return given === password ? { sub: user } : null;
      },
    });
    const { one, lines, secrets, note, browserOf, metrics } = run;
    note(password, 'hunter2secret');
    const browser = browserOf();
    await browser.call('POST', '/login', { user: 'ada', password });
    expect((await browser.call('POST', '/login', { user: 'ada', password: 'explode' })).status).toBe(500);
    const failing = browser.call('POST', '/login', { user: 'ada', password: 'wrong-password-1' });
    note('wrong-password-1');
    await one.clock.waiting();
    await one.clock.advance(1_000);
    await failing;
    const stream = eventReader(await one.endpoint(browser.request('GET', '/events')));
    const thief = browserOf();
    for (const [name, value] of browser.jar) thief.jar.set(name, value);
    await one.clock.advance(36_000);
    await browser.refresh({ have: 1 });
    await browser.refresh({ have: 1, ids: ['bad attempt id'] });
    const cli = browserOf();
    const form = (path: string, fields: Record<string, string>) =>
      cli.send(new Request(`${one.origin}/auth${path}`, { method: 'POST', headers: { 'X-Tabaton': 'native', 'Content-Type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(fields) }));
    const codes = (await form('/device', {})).body;
    await browser.call('POST', '/device/decision', { user_code: codes['user_code'], approve: true, bound: true });
    expect((await form('/device/token', { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: String(codes['device_code']) })).status).toBe(200);
    await browser.call('GET', '/devices');
    await one.clock.advance(60_000);
    expect((await thief.refresh({ ids: ['thief-attempt-00000000001'] })).body).toMatchObject({ reason: 'reuse_detected' });
    await browser.call('POST', '/logout', { scope: 'all' });
    await stream.next();
    for (const spy of spies) spy.mockRestore();
    expect(secrets.size).toBeGreaterThan(15);
    expect(new Set(entries(lines).map(({ event }) => event))).toEqual(new Set(['login', 'refused', 'refresh', 'reuse', 'ended', 'fault']));
    const everything = [...lines, ...written, metrics.text(), stream.text].join('\n');
    expect([...secrets].filter((secret) => everything.includes(secret))).toEqual([]);
    expect(written).toEqual([]);
  });

  test('nor does a provider that repeats the credential it refuses', async () => {
    const { one, lines, secrets, note, browserOf } = logged({
      upstream: {
        grant: async () => ({ accessToken: 'upstream-access-1', refreshToken: 'upstream-refresh-1', expiresInMs: 60_000 }),
        refresh: async (tokens) => {
          throw new UpstreamError('invalid_client', `wrong secret client-secret-123 for ${tokens.refreshToken}`);
        },
        revoke: async (tokens) => {
          throw new Error(`cannot revoke ${tokens.refreshToken}`);
        },
      },
    });
    note('upstream-access-1', 'upstream-refresh-1', 'client-secret-123');
    const browser = browserOf();
    await browser.login();
    await one.clock.advance(36_000);
    expect((await browser.refresh({ have: 1 })).status).toBe(502);
    await browser.call('POST', '/logout', {});
    await one.clock.advance(60_000);
    expect(entries(lines).map(({ event, result }) => [event, result])).toContainEqual(['upstream', 'invalid_client']);
    expect([...secrets].filter((secret) => lines.join('\n').includes(secret))).toEqual([]);
  });

  test('nor do a listener of one’s own and the console of those who gave none', async () => {
    const authenticate = async () => {
      throw new TypeError(`no such row at postgres://app:hunter2secret@db/users, key ${KEY}`);
    };
    const written: string[] = [];
    const spy = vi.spyOn(console, 'error').mockImplementation((line) => void written.push(String(line)));
    await new TestBrowser(site({ authenticate, observe: undefined })).login();
    spy.mockRestore();
    const one = site({ authenticate });
    await new TestBrowser(one).login();
    const message = 'TypeError: no such row at [url] key […]';
    expect(written).toEqual([`tabaton: answer /login: ${message}`]);
    expect(one.events).toContainEqual({ type: 'fault', what: 'answer /login', message });
  });

  test('an outage is an error, theft a warning', async () => {
    const clock = fakeClock();
    const inner = memoryStore({ clock });
    const store: Store = { ...inner, now: () => Promise.reject(new StoreUnavailableError('redis://user:topsecretpassword@10.0.0.1:6379 is gone')) };
    const { lines, browserOf } = logged({ store });
    const browser = browserOf();
    browser.jar.set('__Host-Http-tabaton.x', 'y');
    await browser.login();
    expect(entries(lines).filter(({ level }) => level === 'error').map(({ event, message }) => [event, message])).toContainEqual(['fault', '[url] is gone']);
    createLog({ write: (line) => lines.push(line), clock })({ type: 'reuse', kind: 'older', sid: 's', client: 'web' });
    expect(entries(lines).at(-1)).toMatchObject({ level: 'warn', event: 'reuse' });
  });

  test('a listener that throws fails no request and silences nobody', async () => {
    const heard: string[] = [];
    const one = site({ observe: [() => { throw new Error('full disk'); }, ({ type }) => heard.push(type)] });
    expect((await new TestBrowser(one).login()).status).toBe(200);
    expect(heard).toEqual(['login']);
  });
});
