import { describe, expect, it } from 'vitest';
import { createStrictServer, createVirtualOrigin, type StrictServerOptions, type VirtualContext } from '../testing/index.js';
import { defaults } from './defaults.js';
import { preloaded } from './preloaded.js';
import { createCoreSession, type Parts } from './session.js';
import type { CoreOptions } from './types.js';

const world = (server: StrictServerOptions = {}, seed = 1) => {
  const strict = createStrictServer(server);
  const origin = createVirtualOrigin({ seed, server: strict.serve });
  const open = (options: Partial<CoreOptions> = {}, context: VirtualContext = origin.context()) => ({
    context,
    session: createCoreSession(context.ports, { ...defaults, start: 'eager', ...options }, 'https://app.test/auth', preloaded).session,
  });
  return { strict, origin, open, login: (sub?: string) => origin.jar.accept(strict.login(sub)) };
};

const settled = <T>(promise: Promise<T>) => {
  const seen: { value?: T; error?: { code?: string; reason?: string } } = {};
  promise.then(
    (value) => (seen.value = value),
    (error) => (seen.error = error),
  );
  return seen;
};

const refreshes = (requests: readonly { route: string }[]) => requests.filter(({ route }) => route === 'refresh').length;

describe('session in virtual tabs, strict plain backend', () => {
  it('one refresh for ten tabs that start together', async () => {
    const { origin, open, login } = world();
    login();
    const tabs = Array.from({ length: 10 }, () => open());
    const tokens = tabs.map(({ session }) => settled(session.getToken()));
    await origin.until(() => tokens.every((token) => token.value || token.error), 5_000);
    expect(tokens.map(({ value }) => value)).toEqual(Array(10).fill('token-s1-1'));
    expect(refreshes(origin.requests)).toBe(1);
  });

  it('one refresh for ten tabs whose token expires in the same millisecond', async () => {
    const { origin, open, login } = world();
    login();
    const tabs = Array.from({ length: 10 }, () => open({ leadership: 'never' }));
    await origin.until(() => tabs.every(({ session }) => session.peek()));
    await origin.advance(61_000);
    expect(tabs.every(({ session }) => session.peek() === undefined)).toBe(true);
    const tokens = tabs.map(({ session }) => settled(session.getToken()));
    await origin.until(() => tokens.every((token) => token.value || token.error), 5_000);
    expect(tokens.map(({ value }) => value)).toEqual(Array(10).fill('token-s1-2'));
    expect(refreshes(origin.requests)).toBe(2);
  });

  it('survives the crash of the refreshing tab on a backend that knows nothing of us', async () => {
    const { origin, open, login, strict } = world();
    login();
    const tabs = Array.from({ length: 5 }, () => open({ leadership: 'never' }));
    await origin.until(() => tabs.every(({ session }) => session.peek()));
    await origin.advance(61_000);
    const tokens = tabs.map(({ session }) => settled(session.getToken()));
    await origin.until(() => refreshes(origin.requests) === 2);
    const holder = tabs.findIndex(({ session }) => session.getSnapshot().activity === 'refreshing');
    tabs[holder]!.context.crash();
    const others = tokens.filter((_, index) => index !== holder);
    await origin.until(() => others.every((token) => token.value || token.error));
    expect(others.map(({ value }) => value)).toEqual(Array(4).fill('token-s1-3'));
    expect(strict.thrownOut).toBe(0);
    expect(refreshes(origin.requests)).toBe(3);
  });

  it('signs every tab out, and nothing undoes it', async () => {
    const { origin, open, login } = world();
    login();
    const tabs = Array.from({ length: 3 }, () => open());
    await origin.until(() => tabs.every(({ session }) => session.peek()));
    const out = settled(tabs[0]!.session.signOut());
    await origin.until(() => tabs.every(({ session }) => session.getSnapshot().status === 'ended'), 5_000);
    expect(tabs.map(({ session }) => session.getSnapshot().reason)).toEqual(Array(3).fill('signed_out'));
    await origin.advance(1_000);
    expect('value' in out).toBe(true);
    const late = open();
    await origin.advance(1_000);
    expect(late.session.getSnapshot().status).toBe('anonymous');
  });

  it('becomes active everywhere after a sign-in in one tab, without a refresh of the others', async () => {
    const { origin, open, login } = world();
    const tabs = Array.from({ length: 5 }, () => open({ start: 'hint' }));
    await origin.until(() => tabs.every(({ session }) => session.getSnapshot().status === 'anonymous'), 5_000);
    expect(origin.requests).toHaveLength(0);
    login();
    const started = settled(tabs[0]!.session.start());
    await origin.until(() => tabs.every(({ session }) => session.getSnapshot().status === 'active'), 5_000);
    await origin.advance(1_000);
    expect('value' in started).toBe(true);
    expect(tabs.map(({ session }) => session.peek())).toEqual(Array(5).fill('token-s1-1'));
    expect(refreshes(origin.requests)).toBe(1);
  });

  it('tells every waiter once when the session is over', async () => {
    const { origin, open, login, strict } = world();
    login();
    const tabs = Array.from({ length: 5 }, () => open({ leadership: 'never' }));
    const ends: string[] = [];
    for (const { session } of tabs) session.on('ended', ({ reason }) => ends.push(reason));
    await origin.until(() => tabs.every(({ session }) => session.peek()));
    strict.revoke();
    await origin.advance(61_000);
    const tokens = tabs.map(({ session }) => settled(session.getToken()));
    await origin.until(() => tokens.every((token) => token.value || token.error), 20_000);
    expect(tokens.map(({ error }) => error?.code)).toEqual(Array(5).fill('session_ended'));
    await origin.advance(60_000);
    expect(ends).toEqual(Array(5).fill('rejected'));
    expect(refreshes(origin.requests)).toBe(2);
  });
});

describe('a part that is loaded later', () => {
  const late = (parts: Partial<Parts>, options: Partial<CoreOptions> = {}) => {
    const { origin, login } = world();
    login();
    const context = origin.context();
    return { origin, session: createCoreSession(context.ports, { ...defaults, start: 'eager', ...options }, 'https://app.test/auth', { ...preloaded, ...parts }).session };
  };
  const failing = <T>(times: number, load: () => Promise<T>) => {
    let loads = 0;
    return () => (loads++ < times ? Promise.reject(new Error('The chunk is gone, as it was told.')) : load());
  };

  it('and cannot be at first is tried again: no page is starting for ever', async () => {
    const { origin, session } = late({ protocol: failing(3, preloaded.protocol) });
    await origin.advance(60_000);
    expect(session.getSnapshot().status).toBe('active');
  });

  it('that keeps failing is a coded error for who asks', async () => {
    const { origin, session } = late({ protocol: failing(Infinity, preloaded.protocol) });
    const call = settled(session.getToken());
    await origin.advance(1_000);
    expect(call.error).toMatchObject({ code: 'refresh_unavailable' });
  });

  it('that never comes keeps nobody longer than the timeout', async () => {
    const { origin, session } = late({ protocol: () => new Promise(() => {}) }, { timeout: 5_000 });
    const call = settled(session.getToken());
    await origin.advance(6_000);
    expect(call.error).toMatchObject({ code: 'refresh_unavailable' });
  });

  it('for the leader is tried again, too', async () => {
    const { origin, session } = late({ leadership: failing(1, preloaded.leadership) });
    await origin.advance(35_000);
    expect(session.getSnapshot().role).toBe('leader');
  });
});
