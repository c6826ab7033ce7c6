import { describe, expect, it } from 'vitest';
import type { Message } from '../core/messages.js';
import type { RefreshCall, Reply } from '../core/ports.js';
import { createStrictServer, createVirtualOrigin, type VirtualContext } from './index.js';

const hello: Message = { type: 'ROLL_CALL', protocol: 1, from: 'x', incarnation: 'y' };

const call = (over: Partial<RefreshCall> = {}): RefreshCall => ({
  attempt: 'attempt-0000000000000000',
  ids: [],
  reason: 'startup',
  level: 'auto',
  deadline: 10_000,
  ...over,
});

const signedIn = (seed = 1) => {
  const server = createStrictServer();
  const origin = createVirtualOrigin({ seed, server: server.serve });
  origin.jar.accept(server.login());
  return { origin, server };
};

const refresh = (context: VirtualContext) => {
  const exchange = context.ports.endpoint.refresh(call());
  const seen: { reply?: Reply } = {};
  void exchange.reply.then((reply) => (seen.reply = reply));
  return { exchange, seen };
};

describe('virtual origin', () => {
  it('replays the same run from the same seed, and another from another', async () => {
    const run = async (seed: number) => {
      const { origin } = signedIn(seed);
      const { seen } = refresh(origin.context());
      await origin.until(() => seen.reply !== undefined);
      return [origin.now(), origin.contexts[0]!.ports.random.id()];
    };
    expect(await run(7)).toEqual(await run(7));
    expect(await run(7)).not.toEqual(await run(8));
  });

  it('a crashed context hears nothing, and its cookie lands all the same', async () => {
    const { origin } = signedIn();
    const tab = origin.context();
    const before = origin.jar.get('refresh');
    const { seen } = refresh(tab);
    tab.crash();
    await origin.advance(1_000);
    expect(seen.reply).toBeUndefined();
    expect(origin.jar.get('refresh')).not.toBe(before);
  });

  it('two requests with one cookie end the session at the strict server', async () => {
    const { origin, server } = signedIn();
    const [a, b] = [refresh(origin.context()), refresh(origin.context())];
    await origin.advance(1_000);
    expect([a.seen.reply, b.seen.reply].map((reply) => reply?.kind === 'http' && reply.status).sort()).toEqual([200, 401]);
    expect(server.thrownOut).toBe(1);
  });

  it('a frozen context answers messages, but neither timers nor grants nor replies reach it', async () => {
    const { origin } = signedIn();
    const [tab, other] = [origin.context(), origin.context()];
    const heard: unknown[] = [];
    tab.ports.channel.open((data) => heard.push(data));
    let fired = false;
    let granted = false;
    tab.ports.clock.after(100, () => (fired = true));
    void tab.ports.locks.request('lock').granted.then(() => (granted = true));
    const { seen } = refresh(tab);
    other.ports.channel.open(() => {});
    tab.freeze();
    other.ports.channel.post(hello);
    await origin.advance(5_000);
    expect([heard.length, fired, granted, seen.reply]).toEqual([1, false, false, undefined]);
    expect(origin.lock('lock').held).toBe(true);
    tab.thaw();
    await origin.advance(1);
    expect([fired, granted, seen.reply?.kind]).toEqual([true, true, 'http']);
  });

  it('chromium: a cached holder starves an earlier waiter, a third request wedges the lock, one abort heals it', async () => {
    const { origin } = signedIn();
    const [holder, waiter, third] = [origin.context(), origin.context(), origin.context()];
    holder.ports.locks.request('lock');
    const second = waiter.ports.locks.request('lock');
    await origin.advance(100);
    holder.cache();
    await origin.advance(60_000);
    expect(origin.lock('lock')).toEqual({ held: true, pending: 1 });
    let served = false;
    void third.ports.locks.request('lock').granted.then(() => (served = true));
    await origin.advance(60_000);
    expect(origin.lock('lock')).toEqual({ held: false, pending: 2 });
    expect(holder.state).toBe('dead');
    second.abort();
    await origin.advance(100);
    expect(served).toBe(true);
  });

  it('webkit drops the locks of a cached page and says so after it is back', async () => {
    const { origin } = signedIn();
    origin.conditions.engine = 'webkit';
    const [holder, waiter] = [origin.context(), origin.context()];
    const held = await (async () => {
      const request = holder.ports.locks.request('lock');
      await origin.advance(10);
      return request.granted;
    })();
    let lost = false;
    let served = false;
    void held!.lost.then(() => (lost = true));
    void waiter.ports.locks.request('lock').granted.then(() => (served = true));
    holder.cache();
    await origin.advance(1_000);
    expect([served, lost]).toEqual([true, false]);
    expect(holder.restore()).toBe(true);
    await origin.settle();
    expect(lost).toBe(false);
    await origin.advance(10);
    expect(lost).toBe(true);
  });

  it('a message evicts a cached page in chromium, unless its channel was closed', async () => {
    const { origin } = signedIn();
    const [open, closed, other] = [origin.context(), origin.context(), origin.context()];
    open.ports.channel.open(() => {});
    closed.ports.channel.open(() => {});
    closed.ports.channel.close();
    other.ports.channel.open(() => {});
    open.cache();
    closed.cache();
    other.ports.channel.post(hello);
    await origin.advance(100);
    expect([open.restore(), closed.restore()]).toEqual([false, true]);
  });

  it('sleep moves the wall clock and the server, not timers and monotonic clocks', async () => {
    const { origin } = signedIn();
    const { clock } = origin.context().ports;
    const wall = clock.wall();
    let fired = false;
    clock.after(1_000, () => (fired = true));
    origin.sleep(3_600_000);
    expect([clock.wall() - wall, clock.monotonic(), fired]).toEqual([3_600_000, 0, false]);
    await origin.advance(999);
    expect(fired).toBe(false);
    await origin.advance(1);
    expect(fired).toBe(true);
  });

  it('a killed browser comes back with the cookie and the ledger that were on disk', async () => {
    const { origin } = signedIn();
    await origin.advance(60_000);
    const tab = origin.context();
    const before = origin.jar.get('refresh');
    void tab.ports.ledger.update(() => 'durable', { durable: true });
    await origin.advance(10);
    void tab.ports.ledger.update(() => 'lazy');
    refresh(tab);
    await origin.advance(1_000);
    expect(origin.jar.get('refresh')).not.toBe(before);
    refresh(tab); // its answer lands in no jar
    await origin.until(() => origin.requests.length === 2);
    origin.killBrowser();
    await origin.advance(1_000);
    expect([origin.jar.get('refresh'), origin.ledger().peek()]).toEqual([before, 'durable']);
  });

  it.each([
    ['lose_request', { kind: 'network' }, 0],
    ['lose_reply', { kind: 'network' }, 1],
    ['hang', { kind: 'timeout' }, 1],
    ['resend', { kind: 'http', status: 401 }, 2],
    [{ instead: { status: 503 } }, { kind: 'http', status: 503 }, 0],
    [{ delay: 5_000 }, { kind: 'http', status: 200 }, 1],
  ] as const)('network fault %j', async (fault, reply, reached) => {
    const { origin } = signedIn();
    origin.fault = () => fault;
    const { seen } = refresh(origin.context());
    await origin.until(() => seen.reply !== undefined);
    expect(seen.reply).toMatchObject(reply);
    expect(origin.requests.length).toBe(reached);
  });

  it('a stopped process hears nothing, and everything once it goes on', async () => {
    const { origin } = signedIn();
    const [tab, other] = [origin.context(), origin.context()];
    const heard: unknown[] = [];
    const events: string[] = [];
    tab.ports.channel.open((data) => heard.push(data));
    tab.ports.lifecycle.listen((event) => events.push(event));
    other.ports.channel.open(() => {});
    tab.stop();
    other.ports.channel.post(hello);
    await origin.advance(5_000);
    expect([heard, events]).toEqual([[], []]);
    tab.thaw();
    await origin.advance(1);
    expect([heard, events]).toEqual([[hello], []]);
  });

  it('a closed page hears of it first', async () => {
    const { origin } = signedIn();
    const tab = origin.context();
    const events: string[] = [];
    tab.ports.lifecycle.listen((event) => events.push(event));
    tab.close();
    expect([events, tab.state]).toEqual([['suspend'], 'dead']);
  });

  it("chromium: a worker's request dies with it, a page's goes on", async () => {
    const { origin } = signedIn();
    const worker = origin.context('worker');
    const before = origin.jar.get('refresh');
    refresh(worker);
    worker.crash();
    await origin.advance(1_000);
    expect([origin.requests.length, origin.jar.get('refresh')]).toEqual([1, before]);
  });

  it('a frame below another site sends no cookie and keeps none', async () => {
    const { origin } = signedIn();
    const before = origin.jar.get('refresh');
    const frame = origin.context('iframe', { crossSite: true });
    const { seen } = refresh(frame);
    await origin.advance(1_000);
    expect([origin.requests[0]!.cookie, seen.reply, origin.jar.get('refresh')]).toMatchObject([undefined, { status: 401 }, before]);
  });

  it('timers of a throttled page fire once a minute', async () => {
    const { origin } = signedIn();
    const tab = origin.context();
    tab.throttle(60_000);
    let firedAt = 0;
    await origin.advance(10_000);
    tab.ports.clock.after(1_000, () => (firedAt = origin.now()));
    await origin.advance(120_000);
    expect(firedAt).toBe(60_000);
  });

  it('firefox does not cache a page that holds or awaits a lock', async () => {
    const { origin } = signedIn();
    origin.conditions.engine = 'firefox';
    const [holder, waiter, free] = [origin.context(), origin.context(), origin.context()];
    holder.ports.locks.request('lock');
    waiter.ports.locks.request('lock');
    for (const tab of [holder, waiter, free]) tab.cache();
    expect([holder.state, waiter.state, free.state]).toEqual(['dead', 'dead', 'cached']);
  });

  it('partitions share the cookie and nothing else', async () => {
    const { origin } = signedIn();
    const [here, there] = [origin.context(), origin.context('iframe', { partition: 'embedded' })];
    let both = 0;
    for (const tab of [here, there]) void tab.ports.locks.request('lock').granted.then(() => both++);
    void here.ports.ledger.update(() => 'here');
    const heard: unknown[] = [];
    here.ports.channel.open(() => {});
    there.ports.channel.open((data) => heard.push(data));
    here.ports.channel.post(hello);
    await origin.advance(100);
    expect([both, origin.ledger().peek(), origin.ledger('embedded').peek(), heard]).toEqual([2, 'here', undefined, []]);
  });

  it('messages are lost, doubled and reordered as often as the conditions say', async () => {
    const { origin } = signedIn();
    const [tab, other] = [origin.context(), origin.context()];
    const heard: number[] = [];
    tab.ports.channel.open((data) => heard.push((data as { have: number }).have));
    other.ports.channel.open(() => {});
    const send = async (count: number) => {
      heard.length = 0;
      for (let have = 0; have < count; have++) other.ports.channel.post({ ...hello, type: 'TOKEN_REQUEST', key: '', have });
      await origin.advance(100);
      return heard;
    };
    const sorted = (list: number[]) => list.every((n, i) => i === 0 || list[i - 1]! <= n);
    expect(sorted(await send(200))).toBe(true);
    origin.conditions.messageLoss = 0.5;
    expect((await send(200)).length).toBeGreaterThan(60);
    expect(heard.length).toBeLessThan(140);
    origin.conditions.messageLoss = 0;
    origin.conditions.messageDuplication = 0.5;
    expect((await send(200)).length).toBeGreaterThan(260);
    origin.conditions.messageDuplication = 0;
    origin.conditions.messageReordering = true;
    expect(sorted(await send(200))).toBe(false);
  });

  it('offline loses requests and answers under way, and says when it is over', async () => {
    const { origin } = signedIn();
    const tab = origin.context();
    const events: string[] = [];
    tab.ports.lifecycle.listen((event) => events.push(event));
    const underWay = refresh(tab);
    await origin.step();
    origin.offline();
    const later = refresh(tab);
    await origin.advance(1_000);
    expect([underWay.seen.reply?.kind, later.seen.reply?.kind, origin.requests.length]).toEqual(['network', 'network', 1]);
    origin.online();
    expect(events).toEqual(['online']);
  });

  it('a jump of the wall clock is seen by every context, and by no timer or server', async () => {
    const { origin } = signedIn();
    const tabs = [origin.context(), origin.context()];
    const before = [tabs[0]!.ports.clock.wall(), origin.serverNow()];
    origin.jumpWall(-7_200_000);
    expect(tabs.map(({ ports }) => ports.clock.wall() - before[0]!)).toEqual([-7_200_000, -7_200_000]);
    expect([origin.serverNow() - before[1]!, tabs[0]!.ports.clock.monotonic()]).toEqual([0, 0]);
  });

  it('the ledger fails as often as the conditions say, and takes whatever a hostile script puts there', async () => {
    const { origin } = signedIn();
    const { ledger } = origin.context().ports;
    origin.ledger().set({ schema: 'nonsense' });
    let read: unknown;
    void ledger.read().then((value) => (read = value));
    await origin.advance(100);
    expect(read).toEqual({ schema: 'nonsense' });
    origin.conditions.ledgerFailure = 1;
    let failed = false;
    void ledger.update(() => 'never').catch(() => (failed = true));
    await origin.advance(100);
    expect([failed, origin.ledger().peek()]).toEqual([true, { schema: 'nonsense' }]);
  });

  it('a prerendering page is neither active nor visible until it is activated', () => {
    const { origin } = signedIn();
    const tab = origin.context('page', { prerendering: true });
    const events: string[] = [];
    tab.ports.lifecycle.listen((event) => events.push(event));
    const state = () => [tab.ports.lifecycle.active(), tab.ports.lifecycle.visible()];
    expect(state()).toEqual([false, false]);
    tab.activate();
    expect([state(), events]).toEqual([[true, true], ['resume']]);
  });

  it('waits for work in real time that was registered with it', async () => {
    const { origin } = signedIn();
    const serve = origin.server;
    origin.server = (request, now) => origin.external(new Promise((done) => setTimeout(done, 5)).then(() => serve(request, now)));
    const { seen } = refresh(origin.context());
    await origin.advance(1_000);
    expect(seen.reply).toMatchObject({ kind: 'http', status: 200 });
  });
});
