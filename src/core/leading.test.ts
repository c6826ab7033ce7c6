/** Leadership: who refreshes ahead of time, and how little it may cost. */
import { describe, expect, it } from 'vitest';
import { LEADER_LOCK, tabs, type Tab } from './testing/tabs.js';

const roles = (all: readonly Tab[]) => all.map(({ session }) => session.getSnapshot().role);
const leaders = (all: readonly Tab[]) => all.filter(({ session }) => session.getSnapshot().role === 'leader');

describe('the leader', () => {
  it('is one visible page; hidden ones lead only with "always", and nobody with "never"', async () => {
    for (const [leadership, visible, expected] of [
      ['visible', true, 1],
      ['visible', false, 0],
      ['always', false, 1],
      ['never', true, 0],
    ] as const) {
      const { origin, open } = tabs();
      const all = Array.from({ length: 3 }, () => open({ leadership }, origin.context('page', { visible })));
      await origin.advance(5_000);
      expect([leadership, visible, leaders(all).length]).toEqual([leadership, visible, expected]);
    }
  });

  it('alone refreshes ahead by timer: one request per lifetime for five tabs', async () => {
    const { origin, active, refreshes } = tabs();
    const five = await active(5, { leadership: 'visible' });
    const [leader] = leaders(five);
    await origin.advance(600_000);
    expect(refreshes()).toHaveLength(2);
    expect(refreshes()[1]).toMatchObject({ context: leader!.context.name, call: { reason: 'expiring' } });
    expect(five.map(({ session }) => session.peek())).toEqual(Array(5).fill('token-2'));
  });

  it('is nobody in a normal state, too: then tokens are refreshed on demand', async () => {
    const { origin, active, outcome, refreshes } = tabs();
    const two = await active(2);
    await origin.advance(700_000);
    expect([roles(two).includes('leader'), refreshes().length]).toEqual([false, 1]);
    expect((await outcome(two[0]!.session.getToken())).value).toBe('token-2');
  });

  it('lets go on pagehide and freeze at once, and five seconds after its page is hidden', async () => {
    for (const leave of ['freeze', 'cache'] as const) {
      const { origin, active } = tabs();
      const [tab] = await active(1, { leadership: 'visible' });
      expect(origin.lock(LEADER_LOCK).held).toBe(true);
      tab!.context[leave]();
      await origin.advance(1);
      expect([leave, origin.lock(LEADER_LOCK).held]).toEqual([leave, false]);
    }
    const { origin, active } = tabs();
    const [tab] = await active(1, { leadership: 'visible' });
    tab!.context.hide();
    await origin.advance(4_900);
    expect(origin.lock(LEADER_LOCK).held).toBe(true);
    await origin.advance(200);
    expect(origin.lock(LEADER_LOCK).held).toBe(false);
  });

  it('that is only looked away from for a moment goes on', async () => {
    const { origin, active } = tabs();
    const [tab] = await active(1, { leadership: 'visible' });
    tab!.context.hide();
    await origin.advance(3_000);
    tab!.context.show();
    await origin.advance(10_000);
    expect(roles([tab!])).toEqual(['leader']);
  });

  it('whose page is hidden lets go, although the network comes back just then', async () => {
    const { origin, active } = tabs();
    const [tab] = await active(1, { leadership: 'visible' });
    origin.offline();
    tab!.context.hide();
    await origin.advance(2_000);
    origin.online();
    await origin.advance(4_000);
    expect(origin.lock(LEADER_LOCK).held).toBe(false);
  });

  it('that was deposed takes its turn again when the one after it leaves', async () => {
    const { origin, active } = tabs();
    const two = await active(2, { leadership: 'visible' });
    const [first] = leaders(two);
    const second = two.find((tab) => tab !== first)!;
    first!.context.stop();
    await origin.advance(700_000);
    first!.context.thaw();
    await origin.advance(5_000);
    expect(leaders(two)).toEqual([second]);
    second.context.close();
    await origin.advance(1_000);
    expect(roles([first!])).toEqual(['leader']);
  });

  it('that is hidden gives way to a visible candidate', async () => {
    const { origin, open } = tabs();
    const hidden = open({ leadership: 'always' }, origin.context('page', { visible: false }));
    await origin.advance(3_000);
    expect(roles([hidden])).toEqual(['leader']);
    const seen = open({ leadership: 'always' });
    await origin.advance(3_000);
    expect(roles([hidden, seen])).toEqual(['follower', 'leader']);
  });

  it('that crashes is replaced', async () => {
    const { origin, active } = tabs();
    const three = await active(3, { leadership: 'visible' });
    const [first] = leaders(three);
    first!.context.crash();
    await origin.advance(1_000);
    expect(leaders(three.filter((tab) => tab !== first))).toHaveLength(1);
  });

  it('that stands still is deposed once, a minute after its refresh was due, by the next epoch', async () => {
    const { origin, active } = tabs();
    const three = await active(3, { leadership: 'visible' });
    const [first] = leaders(three);
    const epoch = first!.session.getSnapshot().leaderEpoch;
    const elected: number[] = [];
    for (const { session } of three) session.on('role', (event) => event.change === 'elected' && elected.push(event.epoch));
    first!.context.stop();
    await origin.advance(655_000);
    expect(elected).toEqual([]);
    await origin.advance(45_000);
    expect(elected).toHaveLength(1);
    expect(elected[0]).toBeGreaterThan(epoch);
    first!.context.thaw();
    await origin.advance(5_000);
    expect(leaders(three)).toHaveLength(1);
    expect(leaders(three)[0]).not.toBe(first);
  });
});

describe('a candidate', () => {
  it('deposes the leader it has heard of, although it has not read the ledger since', async () => {
    const { origin, active } = tabs();
    const two = await active(2, { leadership: 'visible' });
    const [first] = leaders(two);
    const second = two.find((tab) => tab !== first)!;
    for (const { context } of [first!, second]) {
      context.hide();
      await origin.advance(6_000);
      context.show();
      await origin.advance(1_000);
    }
    expect(leaders(two)).toEqual([first]);
    first!.context.stop();
    await origin.advance(700_000);
    expect(roles([second])).toEqual(['leader']);
  });
});

describe('thrift', () => {
  it('without a visible tab there is no traffic, an hour long', async () => {
    const { origin, active, refreshes } = tabs();
    const three = await active(3, { leadership: 'visible' });
    for (const { context } of three) context.hide();
    await origin.advance(10_000);
    const [messages, requests] = [origin.messages.length, refreshes().length];
    await origin.advance(3_600_000);
    expect([origin.messages.length, refreshes().length]).toEqual([messages, requests]);
    expect(origin.lock(LEADER_LOCK).held).toBe(false);
  });

  it('between refreshes nobody says anything: no heartbeats', async () => {
    const { origin, active } = tabs();
    await active(5, { leadership: 'visible' });
    await origin.advance(5_000);
    const before = origin.messages.length;
    await origin.advance(500_000);
    expect(origin.messages.length).toBe(before);
  });
});
