/** Which session a token belongs to: sign-in, sign-out, another account, another endpoint, a lost ledger. */
import { describe, expect, it } from 'vitest';
import { full, LOCK, tabs } from './testing/tabs.js';

const message = (body: object) => ({ protocol: 1, from: 'somebody', incarnation: 'any', ...body });
const NOW = 1_800_000_000_000;

describe('a token from the channel', () => {
  const grant = (over: object) => message({ type: 'TOKEN', grant: { token: 'injected', sid: 's1', sessionAt: 1_000, generation: 9, key: '|', lifetime: 600_000, remaining: 600_000, sentAt: NOW, ...over } });

  it('is taken only when it is newer by generation', async () => {
    const { origin, active, outcome } = tabs();
    const [tab] = await active(1);
    await outcome(tab!.session.refresh());
    for (const generation of [0, 1, 2]) origin.inject(grant({ generation, sentAt: NOW + origin.now() }));
    await origin.advance(100);
    expect(tab!.session.peek()).toBe('token-2');
    origin.inject(grant({ generation: 3, sentAt: NOW + origin.now() }));
    await origin.advance(100);
    expect(tab!.session.peek()).toBe('injected');
  });

  it('of another session is taken only when the ledger says so, too', async () => {
    const { origin, active } = tabs();
    const [tab] = await active(1);
    origin.inject(grant({ sid: 's9', sessionAt: 5_000, sentAt: NOW + origin.now() }));
    await origin.advance(100);
    expect([tab!.session.peek(), tab!.session.getSnapshot().sid]).toEqual(['token-1', 's1']);
  });

  it('of a session that is over is never taken', async () => {
    const { origin, active, outcome } = tabs();
    const two = await active(2);
    await outcome(two[0]!.session.signOut());
    origin.inject(grant({ sentAt: NOW + origin.now() }));
    await origin.advance(100);
    expect(two.map(({ session }) => session.peek())).toEqual([undefined, undefined]);
  });

  it('of a session that is over is answered by who knows: the ledger may have forgotten it', async () => {
    const { origin, active, outcome, record } = tabs();
    const [tab] = await active(1);
    await outcome(tab!.session.signOut());
    origin.ledger().set(undefined);
    const said = origin.messages.length;
    origin.inject(grant({ sentAt: NOW + origin.now() }));
    await origin.advance(2_000);
    expect(origin.messages.slice(said).map(({ message }) => message)).toContainEqual(expect.objectContaining({ type: 'SESSION_ENDED', sid: 's1', reason: 'signed_out' }));
    expect(record().closed).toMatchObject([{ sid: 's1' }]);
  });

  it('of another protocol version is ignored', async () => {
    const { origin, active } = tabs();
    const [tab] = await active(1);
    origin.inject({ ...grant({ sentAt: NOW + origin.now() }), protocol: 2 });
    await origin.advance(100);
    expect(tab!.session.peek()).toBe('token-1');
  });
});

describe('names', () => {
  it('of lock and channel carry no version', async () => {
    const { origin, active, watch } = tabs();
    const [tab] = await active(1);
    watch(tab!.session.refresh());
    await origin.until(() => origin.lock(LOCK).held);
    expect(LOCK).not.toMatch(/\d/);
  });
});

describe('sign-out', () => {
  it('is written down before it is sent, and sent before any refresh', async () => {
    const { origin, active, watch, record } = tabs();
    const two = await active(2);
    const seen: unknown[] = [];
    const server = origin.server;
    origin.server = (request, now) => {
      if (request.route === 'logout') seen.push(record().closed.map(({ sid }) => sid), record()['logout']);
      return server(request, now);
    };
    watch(two[0]!.session.signOut());
    await origin.advance(5_000);
    expect(seen).toEqual([['s1'], { sid: 's1', scope: 'device' }]);
    expect(record()['logout']).toBeUndefined();
  });

  it('says to the endpoint which session, and whether of all devices', async () => {
    const { origin, active, outcome } = tabs();
    const [tab] = await active(1);
    await outcome(tab!.session.signOut({ scope: 'all' }));
    expect(origin.requests.at(-1)).toMatchObject({ route: 'logout', call: { scope: 'all', sid: 's1', level: 'full' } });
  });

  it('that the endpoint does not hear is repeated by one timer, however often somebody is reminded of it', async () => {
    const { origin, active, watch } = tabs();
    const [tab] = await active(1);
    let tries = 0;
    origin.fault = ({ route }) => (route === 'logout' ? (tries++, 'lose_request') : undefined);
    watch(tab!.session.signOut());
    await origin.advance(1_000);
    for (let n = 0; n < 50; n++) {
      origin.inject(message({ type: 'SESSION_STARTED', sid: `s${n + 2}`, sessionAt: 5_000 }));
      await origin.advance(100);
    }
    await origin.advance(120_000);
    expect(tries).toBeGreaterThan(2);
    expect(tries).toBeLessThan(10);
  });

  it('of another session than the one here stops no request of this one', async () => {
    const { origin, active, watch, record } = tabs({ conditions: { networkDelay: [300, 300] } });
    const [tab] = await active(1);
    const call = watch(tab!.session.refresh());
    await origin.advance(200);
    origin.ledger().set({ ...record(), closed: [{ sid: 's0', at: 1, reason: 'signed_out' }] });
    origin.inject(message({ type: 'SESSION_ENDED', sid: 's0', reason: 'signed_out' }));
    await origin.advance(1_000);
    expect(call).toEqual({ value: 'token-2' });
  });

  it('keeps nobody waiting for a request that is under way', async () => {
    const { origin, active, watch } = tabs();
    const [tab] = await active(1);
    origin.fault = ({ route }) => (route === 'refresh' ? { delay: 5_000 } : undefined);
    const call = watch(tab!.session.refresh());
    await origin.advance(1_000);
    watch(tab!.session.signOut());
    await origin.advance(500);
    expect(call.error).toMatchObject({ code: 'session_ended', reason: 'signed_out' });
  });

  it('offline survives a reload: the logout goes out before any refresh can', async () => {
    const { origin, active, open, watch } = tabs();
    const [tab] = await active(1);
    origin.offline();
    watch(tab!.session.signOut());
    await origin.advance(10_000);
    expect(tab!.session.getSnapshot()).toMatchObject({ status: 'ended', reason: 'signed_out' });
    tab!.context.crash();
    await origin.advance(1_000);
    origin.online();
    const late = open();
    await origin.advance(20_000);
    expect(origin.requests.slice(1).map(({ route }) => route)[0]).toBe('logout');
    expect(late.session.peek()).not.toBe('token-1');
  });

  it.each([
    ['a refresh that lands late', 'late'],
    ['another sign-out of this browser', 'again'],
  ])('of all devices stays one when the endpoint has not heard it yet: %s repeats it', async (_, how) => {
    const { origin, active, watch } = tabs();
    const two = await active(2);
    const { server } = origin;
    let away = true;
    origin.server = (request, now) => (request.route === 'logout' && away ? { status: 503 } : server(request, now));
    origin.fault = ({ route }) => (route === 'refresh' ? { delay: 2_000 } : undefined);
    if (how === 'late') watch(two[0]!.session.refresh());
    await origin.advance(500);
    watch(two[1]!.session.signOut({ scope: 'all' }));
    await origin.advance(500);
    if (how === 'again') watch(two[0]!.session.signOut());
    await origin.advance(500);
    away = false;
    await origin.advance(30_000);
    const scopes = origin.requests.flatMap((request) => (request.route === 'logout' ? [request.call.scope] : []));
    expect(scopes.length).toBeGreaterThan(1);
    expect(new Set(scopes)).toEqual(new Set(['all']));
  });

  it('is not undone by the answer of a refresh that was under way, and its receiver repeats the logout', async () => {
    const { origin, active, watch } = tabs();
    const two = await active(2);
    origin.fault = ({ route }) => (route === 'refresh' ? { delay: 2_000 } : undefined);
    watch(two[0]!.session.refresh());
    await origin.advance(500);
    watch(two[1]!.session.signOut());
    await origin.advance(30_000);
    expect(two.map(({ session }) => [session.getSnapshot().status, session.peek()])).toEqual(Array(2).fill(['ended', undefined]));
    const routes = origin.requests.map(({ route }) => route);
    expect(routes.lastIndexOf('logout')).toBeGreaterThan(routes.lastIndexOf('refresh'));
  });
});

describe('another account', () => {
  it('in the answer is a new session: every tab follows, older flights are fenced', async () => {
    const { origin, active, watch, script } = tabs();
    const three = await active(3);
    script.push((request) => full(request, 1, { sid: 's2', session_at: 2_000, access_token: 'token-of-bob' }));
    watch(three[0]!.session.refresh());
    await origin.advance(3_000);
    expect(three.map(({ session }) => [session.getSnapshot().sid, session.peek()])).toEqual(Array(3).fill(['s2', 'token-of-bob']));
  });

  it('of an older login never comes back: sessions are ordered by the server, whatever arrives last', async () => {
    const { origin, active, watch, script } = tabs();
    const two = await active(2);
    script.push((request) => full(request, 50, { sid: 's0', session_at: 500, access_token: 'token-of-old' }));
    watch(two[0]!.session.refresh());
    await origin.advance(3_000);
    expect(two.map(({ session }) => session.getSnapshot().sid)).toEqual(['s1', 's1']);
    expect(two[1]!.session.peek()).toBe('token-1');
  });

  it('is asked for until it is there: one refresh that fails leaves no page starting for ever', async () => {
    const { origin, active, open, outcome, script, grants } = tabs();
    const [tab] = await active(1);
    Object.assign(grants, { sid: 's2', session_at: 2_000 });
    tab!.context.freeze();
    const other = open({ start: 'lazy' });
    await outcome(other.session.start());
    other.context.close();
    script.push({ status: 503 });
    tab!.context.thaw();
    await origin.advance(60_000);
    expect(tab!.session.getSnapshot()).toMatchObject({ status: 'active', sid: 's2' });
  });

  it('that came and went while a page stood still ended the one before: its token is not handed out again', async () => {
    const { origin, active, open, outcome, grants } = tabs();
    const [tab] = await active(1);
    tab!.context.freeze();
    Object.assign(grants, { sid: 's2', session_at: 2_000 });
    const other = open({ start: 'lazy' });
    await outcome(other.session.start());
    await outcome(other.session.signOut());
    tab!.context.thaw();
    await origin.advance(1_000);
    expect(tab!.session.getSnapshot()).toMatchObject({ status: 'ended', sid: 's2', reason: 'signed_out' });
    expect(tab!.session.peek()).toBeUndefined();
  });

  it('that was not heard to begin is heard to end, by the answer to a refresh: one, not one after the other', async () => {
    const { origin, active, outcome, record, refreshes, script } = tabs();
    const [tab] = await active(1);
    origin.ledger().set({ ...record(), sid: 's2', sessionAt: 2_000, tokens: {} });
    const ended = { status: 400, json: { error: 'invalid_grant', reason: 'expired', session: 'ended', sid: 's2' } };
    script.push(...Array<typeof ended>(20).fill(ended));
    expect((await outcome(tab!.session.refresh())).error).toMatchObject({ code: 'session_ended', reason: 'expired' });
    expect(refreshes()).toHaveLength(2);
  });

  it.each([
    ['of an endpoint never seen before', false],
    ['of an endpoint known to be a full one', true],
  ])('that an application hands over without its name is followed by the one that the endpoint names: %s', async (_, known) => {
    const { origin, active, open, outcome, grants, refreshes } = tabs();
    const [tab] = known ? await active(1) : [open({ start: 'lazy' })];
    if (known) await outcome(tab!.session.signOut());
    const other = open({ start: 'lazy' });
    Object.assign(grants, { sid: 's2', session_at: 2_000, access_token: 'token-of-the-endpoint' });
    await outcome(tab!.session.start({ access_token: 'token-of-the-app', expires_in: 60 }));
    await origin.advance(61_000);
    expect((await outcome(tab!.session.getToken())).value).toBe('token-of-the-endpoint');
    expect(refreshes().at(-1)).toMatchObject({ call: { level: known ? 'full' : 'plain' } });
    await origin.advance(1_000);
    expect(other.session.getSnapshot()).toMatchObject({ status: 'active', sid: 's2' });
  });

  it('is told by the subject where a backend names no session', async () => {
    const { origin, active, watch, script, grants } = tabs();
    Object.assign(grants, { gen: undefined, sid: undefined, session_at: undefined, outcome: undefined, attempt_settled: undefined, sub: 'ada' });
    const two = await active(2);
    const before = two[0]!.session.getSnapshot().sid;
    script.push((request) => full(request, 2, { ...grants, sub: 'bob' }));
    watch(two[0]!.session.refresh());
    await origin.advance(3_000);
    expect(two[1]!.session.getSnapshot()).toMatchObject({ sub: 'bob' });
    expect(two[1]!.session.getSnapshot().sid).not.toBe(before);
  });

  it('start() fences what was sent before it', async () => {
    const { origin, active, watch } = tabs();
    const two = await active(2);
    origin.fault = ({ number }) => (number === 2 ? { delay: 5_000 } : undefined);
    watch(two[0]!.session.refresh());
    await origin.advance(1_000);
    const started = watch(two[1]!.session.start({ access_token: 'token-of-bob', expires_in: 600, gen: 1, sid: 's2', session_at: 2_000, outcome: 'rotated' }));
    await origin.advance(20_000);
    expect('value' in started).toBe(true);
    expect(two.map(({ session }) => [session.getSnapshot().sid, session.peek()])).toEqual(Array(2).fill(['s2', 'token-of-bob']));
  });
});

describe('nobody', () => {
  const none = { status: 400, json: { error: 'invalid_grant', reason: 'no_cookie', session: 'none' } };

  it('said to one tab ends nothing while another holds a live session: it is asked once more', async () => {
    const { origin, active, open, script, refreshes } = tabs();
    const [tab] = await active(1);
    origin.conditions.messageLoss = 1;
    script.push(none, none);
    const late = open();
    await origin.advance(10_000);
    expect(tab!.session.getSnapshot().status).toBe('active');
    expect(late.session.getSnapshot().status).toBe('anonymous');
    expect(refreshes()).toHaveLength(3);
  });

  it('said twice is dropped when a login comes in while that is written down', async () => {
    const { origin, open, watch, script } = tabs();
    // none · none, to be written ······ ledger answers: anonymous?
    //        login in another tab ── TOKEN
    const context = origin.context();
    const { ledger } = context.ports;
    let answers = 0;
    let writes = 0;
    let slow = false;
    const slowed: typeof ledger = {
      read: () => ledger.read(),
      update: (change, options) => {
        slow = answers === 2 && ++writes === 2;
        return slow ? new Promise((resolve) => void context.ports.clock.after(500, () => resolve(ledger.update(change, options)))) : ledger.update(change, options);
      },
    };
    Object.assign(context.ports, { ledger: slowed });
    const unknown = () => (answers++, none);
    script.push(unknown, unknown);
    const tab = open({}, context);
    const other = open({ start: 'lazy' });
    expect(await origin.until(() => slow, 10_000)).toBe(true);
    watch(other.session.start({ access_token: 'token-of-ann', expires_in: 600, gen: 1, sid: 's1', session_at: 1_000, outcome: 'rotated' }));
    const statuses = new Set<string>();
    tab.session.subscribe(() => void statuses.add(tab.session.getSnapshot().status));
    await origin.advance(5_000);
    expect([...statuses]).toEqual(['starting', 'active']);
    expect(tab.session.peek()).toBe('token-of-ann');
  });

  it('said to a frame below another site stays in that frame', async () => {
    const { origin, active, open, script } = tabs();
    const [tab] = await active(1);
    script.push(none, none, { status: 401 }, { status: 401 });
    const frame = open({}, origin.context('iframe', { crossSite: true }));
    await origin.advance(5_000);
    expect(tab!.session.getSnapshot().status).toBe('active');
    expect(frame.session.getSnapshot().status).not.toBe('ended');
    expect((origin.ledger().peek() as { hint: boolean }).hint).toBe(true);
  });
});
