/** Mode sealed in virtual time: who may hold a token, who may speak of one, who may ask for one. */
import { describe, expect, it } from 'vitest';
import { defaults } from './defaults.js';
import type { KeeperReport } from './ports.js';
import { preloaded } from './preloaded.js';
import { createCoreSession } from './session.js';
import { tabs } from './testing/tabs.js';
import { toHeld } from './wire-grant.js';

type Mode = 'attach' | 'sealed';

const world = () => {
  const { origin, refreshes } = tabs();
  const heard: { type?: string; grant?: { token?: string } }[] = [];
  const spy = origin.context();
  spy.ports.channel.open((data) => heard.push(data as object));
  const make = (kind: 'page' | 'service_worker', mode: Mode, ask?: () => Promise<KeeperReport>) => {
    const { ports } = origin.context(kind);
    return createCoreSession({ ...ports, keeper: ask && { ask } }, { ...defaults, start: 'lazy', leadership: 'never', mode }, 'virtual', preloaded);
  };
  let made: ReturnType<typeof make> | undefined;
  /** Registered by the first that asks for it. */
  const keeper = () => (made ??= make('service_worker', 'sealed'));
  const report = async (): Promise<KeeperReport> => {
    const { session, context } = keeper();
    await session.getToken();
    return { status: 'active', held: toHeld(context.state.grants['|']!, context.ports.clock) };
  };
  const page = (mode: Mode) => make('page', mode, report);
  const settle = async <T>(work: Promise<T>) => {
    const seen: { value?: T; code?: string } = {};
    work.then(
      (value) => (seen.value = value),
      (error: { code: string }) => (seen.code = error.code),
    );
    await origin.until(() => 'value' in seen || 'code' in seen, 60_000);
    return seen;
  };
  return { origin, refreshes, heard, worker: () => keeper().session, page, settle };
};

describe('a sealed session', () => {
  it('the worker holds the token and says only that it has one', async () => {
    const { worker, heard, settle, origin } = world();
    expect(await settle(worker().getToken())).toEqual({ value: 'token-1' });
    await origin.advance(100);
    expect(heard.map(({ type }) => type)).toContain('TOKEN_HELD');
    expect(heard.map(({ type }) => type)).not.toContain('TOKEN');
    expect(JSON.stringify(heard)).not.toContain('token-1');
  });

  it('nobody answers TOKEN_REQUEST with a token', async () => {
    const { worker, heard, settle, origin } = world();
    await settle(worker().getToken());
    heard.length = 0;
    origin.inject({ protocol: 1, from: 'attacker', incarnation: 'any', type: 'TOKEN_REQUEST', key: '|', have: 0 });
    await origin.advance(1_000);
    expect(heard.filter(({ type }) => type === 'TOKEN')).toEqual([]);
    expect(JSON.stringify(heard)).not.toContain('token-1');
  });

  it('a page gets none, sends no refresh, and knows how the session stands', async () => {
    const { page, settle, refreshes, worker } = world();
    const { session } = page('sealed');
    expect(await settle(session.getToken())).toEqual({ code: 'sealed' });
    expect(await settle(session.refresh())).toEqual({ code: 'sealed' });
    expect(refreshes()).toEqual([]);
    await settle(session.start());
    expect(session.getSnapshot()).toMatchObject({ status: 'active', generation: worker().getSnapshot().generation });
    expect(session.peek()).toBeUndefined();
    expect(new Set(refreshes().map(({ kind }) => kind))).toEqual(new Set(['service_worker']));
  });

  it('a page takes no token from the channel either, not even a newer one', async () => {
    const { page, settle, origin } = world();
    const { session, context } = page('sealed');
    await settle(session.start());
    const { sid } = session.getSnapshot();
    origin.inject({ protocol: 1, from: 'x', incarnation: 'x', type: 'TOKEN', grant: { token: 'forged', sid, sessionAt: 1_000, generation: 99, key: '|', lifetime: 0, remaining: 0, sentAt: 0 } });
    await origin.advance(100);
    expect(session.peek()).toBeUndefined();
    expect(JSON.stringify(context.state)).not.toContain('forged');
  });

  it('a page that was not told learns it from the ledger before it sends anything', async () => {
    const { page, settle, worker, refreshes } = world();
    await settle(worker().getToken());
    const before = refreshes().length;
    const { session } = page('attach');
    expect(await settle(session.getToken())).toEqual({ code: 'sealed' });
    expect(refreshes()).toHaveLength(before);
    expect(session.peek()).toBeUndefined();
  });

  it('a page that hears of a token which nobody may have looks up whether that is so, and gives up its own', async () => {
    const { page, settle, origin } = world();
    const { session } = page('attach');
    expect(await settle(session.getToken())).toEqual({ value: 'token-1' });
    const say = async (generation: number) => {
      origin.inject({ protocol: 1, from: 'x', incarnation: 'x', type: 'TOKEN_HELD', grant: { sid: 's1', sessionAt: 1_000, generation, key: '|', lifetime: 600_000, remaining: 600_000, sentAt: 1_800_000_000_000 + origin.now() } });
      await origin.advance(100);
      return [session.peek(), session.getSnapshot().generation];
    };
    expect(await say(2)).toEqual(['token-1', 1]);
    origin.ledger().set({ ...(origin.ledger().peek() as object), mode: 'sealed' });
    expect(await say(2)).toEqual([undefined, 2]);
  });

  it('a page that held a token when the session was sealed gives it up', async () => {
    const { page, settle, worker, origin } = world();
    const early = page('attach');
    expect(await settle(early.session.getToken())).toEqual({ value: 'token-1' });
    await settle(worker().refresh());
    await origin.advance(1_000);
    expect(early.session.peek()).toBeUndefined();
    expect(await settle(early.session.getToken())).toEqual({ code: 'sealed' });
    expect(JSON.stringify(early.context.state)).not.toContain('token-');
  });
});
