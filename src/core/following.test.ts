import { describe, expect, it } from 'vitest';
import { createStrictServer, createVirtualOrigin, type VirtualContext, type VirtualServer } from '../testing/index.js';
import { defaults } from './defaults.js';
import { follow } from './following.js';
import type { NewsSource, Reply } from './ports.js';
import { preloaded } from './preloaded.js';
import { createCoreSession } from './session.js';

type On = Parameters<NewsSource['open']>[0];
interface Opened {
  tab: VirtualContext;
  on: On;
  open: boolean;
}

/** Tabs at a full backend whose event streams the test holds in its hand. */
const world = (full = true) => {
  const strict = createStrictServer({ fenced: true, lifetime: 900_000 });
  const serve: VirtualServer = async (request, now) => {
    const answer = await strict.serve(request, now);
    return full && answer.status === 200 ? { ...answer, json: { ...(answer.json as object), outcome: 'rotated', session_at: 1_800_000_000_000 } } : answer;
  };
  const origin = createVirtualOrigin({ seed: 3, server: serve });
  origin.jar.accept(strict.login());
  const streams: Opened[] = [];
  const world = { loads: 0, asked: 0, answer: { kind: 'network', message: 'none' } as Reply };
  const open = (options: { leadership?: 'visible' | 'always' } = {}, visible = true) => {
    const tab = origin.context('page', { visible });
    const source: NewsSource = {
      open(on) {
        const stream = { tab, on, open: true };
        streams.push(stream);
        return () => void (stream.open = false);
      },
      session: async () => ((world.asked += 1), world.answer),
    };
    const endpoint = { ...tab.ports.endpoint, news: async () => ((world.loads += 1), { follow, source }) };
    const { session } = createCoreSession({ ...tab.ports, endpoint }, { ...defaults, start: 'eager', ...options }, 'virtual', preloaded);
    return { tab, session };
  };
  const live = () => streams.filter((stream) => stream.open);
  const active = async (...tabs: { session: { peek(): unknown } }[]) =>
    expect(await origin.until(() => tabs.every(({ session }) => session.peek()) && live().length === 1)).toBe(true);
  return { origin, open, streams, live, active, world };
};

describe('the one event stream of a browser', () => {
  it('is held by the leader alone, and its word ends the session in every tab at once', async () => {
    const { origin, open, streams, live, active } = world();
    const tabs = [open(), open(), open()];
    await active(...tabs);
    expect(streams).toHaveLength(1);
    live()[0]!.on.event('hello', { sid: 's1' });
    live()[0]!.on.event('signed_out', { sid: 's1', reason: 'signed_out' });
    await origin.advance(50);
    for (const { session } of tabs) expect(session.getSnapshot()).toMatchObject({ status: 'ended', reason: 'signed_out' });
    expect(live()).toEqual([]);
    const later = open();
    await origin.until(() => later.session.getSnapshot().status !== 'starting', 5_000);
    expect(later.session.peek()).toBeUndefined();
  });

  it('the end of another session ends nothing here', async () => {
    const { origin, open, live, active } = world();
    const tab = open();
    await active(tab);
    live()[0]!.on.event('hello', { sid: 's1' });
    for (const data of [{ sid: 's0', reason: 'revoked' }, { reason: 'revoked' }, undefined, 'x', { sid: '' }]) live()[0]!.on.event('revoked', data);
    await origin.advance(1_000);
    expect(tab.session.getSnapshot().status).toBe('active');
  });

  it('a session that another login of this browser replaced is not shown as ended', async () => {
    const { origin, open, live, active } = world();
    const tab = open();
    await active(tab);
    live()[0]!.on.event('hello', { sid: 's1' });
    live()[0]!.on.event('signed_out', { sid: 's1', reason: 'signed_out', replaced: true });
    await origin.advance(1_000);
    expect(tab.session.getSnapshot().status).toBe('active');
  });

  it('moves with the leadership: a crash, a deposed leader and a hidden page leave none behind', async () => {
    const { origin, open, streams, live, active } = world();
    const tabs = [open(), open()];
    await active(...tabs);
    const first = streams[0]!;
    first.on.event('hello', { sid: 's1' });
    first.tab.hide();
    await origin.advance(4_900);
    expect(first.open).toBe(true);
    await origin.until(() => live().length === 1 && live()[0] !== first, 10_000);
    expect(live()).toHaveLength(1);
    expect(live()[0]!.tab).not.toBe(first.tab);
  });

  it('a hidden page that always leads listens again when it is looked at', async () => {
    const { origin, open, streams, live, active } = world();
    const { tab, session } = open({ leadership: 'always' });
    await active({ session });
    streams[0]!.on.event('hello', {});
    tab.hide();
    await origin.advance(5_100);
    expect(live()).toEqual([]);
    // Whatever else happens to the hidden page, it goes on without.
    void session.refresh();
    await origin.advance(2_000);
    expect([session.getSnapshot().generation, live()]).toEqual([2, []]);
    tab.show();
    await origin.advance(10);
    expect([streams.length, live().length]).toEqual([2, 1]);
  });

  it('a page that is hidden lets its stream go, although the network comes back just then', async () => {
    const { origin, open, streams, live, active } = world();
    const { tab, session } = open({ leadership: 'always' });
    await active({ session });
    streams[0]!.on.event('hello', {});
    tab.hide();
    await origin.advance(2_000);
    origin.offline();
    origin.online();
    await origin.advance(4_000);
    expect(live()).toEqual([]);
  });

  it('a stream that a proxy holds back is given up after ten seconds, and the session asked for from time to time', async () => {
    const { origin, open, streams, live, active, world: state } = world();
    const { session } = open();
    await active({ session });
    await origin.advance(9_900);
    expect([live().length, state.asked]).toEqual([1, 0]);
    await origin.advance(200);
    expect([live().length, state.asked]).toEqual([0, 1]);
    await origin.advance(26_000);
    expect(state.asked).toBe(2);
    state.answer = { kind: 'http', status: 200, json: { active: false, reason: 'stale', sid: 's1' } };
    await origin.advance(26_000);
    state.answer = { kind: 'http', status: 200, json: { active: false, reason: 'revoked', sid: 's0' } };
    await origin.advance(26_000);
    expect(session.getSnapshot().status).toBe('active');
    await origin.until(() => streams.length === 2, 400_000);
    expect(live()).toHaveLength(1);
    state.answer = { kind: 'http', status: 200, json: { active: false, reason: 'revoked', sid: 's1' } };
    live()[0]!.on.lost(true);
    await origin.advance(100);
    expect(session.getSnapshot()).toMatchObject({ status: 'ended', reason: 'revoked' });
  });

  it('with hello in time nobody asks anything', async () => {
    const { origin, open, live, active, world: state } = world();
    await active(open());
    live()[0]!.on.event('hello', { sid: 's1' });
    await origin.advance(120_000);
    expect([live().length, state.asked]).toEqual([1, 0]);
    live()[0]!.on.lost(false);
    await origin.advance(9_000);
    live()[0]!.on.event('hello', { sid: 's1' });
    await origin.advance(60_000);
    expect([live().length, state.asked]).toEqual([1, 0]);
  });

  it('a backend that is no full one is never asked for news', async () => {
    const { origin, open, streams, world: state } = world(false);
    const { session } = open();
    await origin.until(() => !!session.peek());
    await origin.advance(5_000);
    expect(session.getSnapshot()).toMatchObject({ role: 'leader', level: 'fenced' });
    expect([streams.length, state.loads]).toEqual([0, 0]);
  });
});
