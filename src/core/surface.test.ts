/** What the session's methods refuse, and what disposing lets go of. */
import { describe, expect, it } from 'vitest';
import { TabatonError } from './errors.js';
import { readAnswer } from './reader.js';
import { LEADER_LOCK, LOCK, tabs } from './testing/tabs.js';

describe('signIn', () => {
  it('that cannot go anywhere leaves nothing behind', async () => {
    const { active, origin, outcome } = tabs();
    const [tab] = await active(1);
    const before = origin.ledger().peek();
    tab!.context.ports.endpoint.signIn = () => {
      throw new TabatonError('invalid_option', 'no login route');
    };
    expect((await outcome(tab!.session.signIn())).error).toMatchObject({ code: 'invalid_option' });
    expect(origin.ledger().peek()).toEqual(before);
  });

  it('goes to the login with the path to come back to', async () => {
    const { origin, active, outcome } = tabs();
    const [tab] = await active(1);
    await outcome(tab!.session.signIn({ returnTo: '/inbox?folder=1#top' }));
    expect(origin.logins).toEqual([{ context: tab!.context.name, returnTo: '/inbox?folder=1#top' }]);
  });

  it.each(['hint', 'lazy'] as const)('comes back as somebody else although another document was opened meanwhile (start: %s)', async (start) => {
    const { origin, active, open, outcome, grants } = tabs();
    const [ann] = await active(1);
    await outcome(ann!.session.signIn());
    // Opened from a bookmark, while the first is at the login: it is still Ann's.
    const between = open({ start });
    await origin.advance(1_000);
    expect(between.session.getSnapshot().sid).toBe('s1');
    Object.assign(grants, { sid: 's2', session_at: 2_000 });
    const back = open({ start });
    await outcome(back.session.getToken());
    await origin.advance(1_000);
    expect([ann!, between, back].map(({ session }) => session.getSnapshot().sid)).toEqual(['s2', 's2', 's2']);
  });

  it.each([
    ['is under way: the endpoint says who is here', 590_000, {}, 1],
    ['is over after ten minutes: the others say who is here', 600_001, {}, 0],
    ['is over when somebody else is here', 590_000, { sid: 's2', session_at: 2_000 }, 0],
  ])('%s', async (_, ms, next, asked) => {
    const { origin, active, open, outcome, grants, refreshes } = tabs();
    Object.assign(grants, { expires_in: 6_000, lifetime: 6_000 });
    const [ann] = await active(1);
    await outcome(ann!.session.signIn());
    Object.assign(grants, next);
    if ('sid' in next) open({ start: 'hint' });
    await origin.advance(ms);
    const before = refreshes().length;
    const later = open({ start: 'hint' });
    await origin.advance(1_000);
    expect([later.session.getSnapshot().status, refreshes().length - before]).toEqual(['active', asked]);
  });
});

describe('dispose', () => {
  it('in the middle of a refresh wastes it for nobody, and is followed by no event', async () => {
    const { origin, active, watch, refreshes } = tabs();
    const [one, two] = await active(2);
    const events: string[] = [];
    for (const name of ['token', 'refresh'] as const) one!.session.on(name, () => events.push(name));
    one!.session.subscribe(() => events.push('snapshot'));
    watch(one!.session.refresh());
    await origin.until(() => refreshes().length === 2);
    const waiting = watch(two!.session.refresh());
    events.length = 0;
    one!.session.dispose();
    await origin.advance(1_000);
    expect(waiting.value).toBe('token-2');
    expect(refreshes()).toHaveLength(2);
    expect(events).toEqual([]);
  });

  it('hands out nothing any more: a session that hears of no sign-out does not know whether its token is good', async () => {
    const { origin, active, outcome } = tabs();
    const [one, two] = await active(2);
    const { session } = one!;
    expect(await session.getToken()).toBe('token-1');
    session.dispose();
    expect((await outcome(session.getToken())).error).toMatchObject({ code: 'disposed' });
    await outcome(two!.session.signOut());
    await origin.advance(1_000);
    expect([session.peek(), session.isExpiring(), (await outcome(session.getToken())).error?.code]).toEqual([undefined, true, 'disposed']);
  });

  it('stops timers, locks, messages and requests, and later calls say so', async () => {
    const { origin, active, outcome, refreshes } = tabs();
    const [tab] = await active(1, { leadership: 'visible' });
    tab!.session[Symbol.dispose]();
    await origin.advance(100);
    const messages = origin.messages.length;
    await origin.advance(3_600_000);
    expect([origin.messages.length, refreshes().length, origin.lock(LEADER_LOCK).held, origin.lock(LOCK).held]).toEqual([messages, 1, false, false]);
    expect((await outcome(tab!.session.getToken())).error).toMatchObject({ code: 'disposed' });
    expect((await outcome(tab!.session.refresh())).error).toMatchObject({ code: 'disposed' });
  });

  it.each(['by a listener that hears of it', 'in the same turn'])('at a sign-out, %s: the other tabs and the endpoint hear of it all the same', async (how) => {
    const { origin, active, watch } = tabs();
    const [one, two] = await active(2);
    const { session } = one!;
    if (how === 'in the same turn') {
      watch(session.signOut());
      session.dispose();
    } else {
      session.subscribe(() => session.getSnapshot().status === 'ended' && session.dispose());
      watch(session.signOut());
    }
    await origin.advance(1_000);
    expect(two!.session.getSnapshot()).toMatchObject({ status: 'ended', reason: 'signed_out' });
    expect(origin.requests.filter(({ route }) => route === 'logout').map(({ context }) => context)).toEqual([one!.context.name]);
  });

  it('at a login, by a listener that hears of it: the other tabs become active all the same', async () => {
    const { origin, active, open, watch } = tabs();
    const [other] = await active(1);
    const { session } = open({ start: 'lazy' });
    session.on('started', () => session.dispose());
    watch(session.start({ access_token: 'token-of-bob', expires_in: 600, lifetime: 600, gen: 1, sid: 's2', session_at: 2_000, outcome: 'rotated' }));
    await origin.advance(200);
    expect([other!.session.peek(), other!.session.getSnapshot().sid]).toEqual(['token-of-bob', 's2']);
  });

  it('settles who was waiting', async () => {
    const { origin, active, blocked, watch } = tabs();
    const [tab] = await active(1);
    await origin.advance(600_000);
    await blocked();
    const call = watch(tab!.session.getToken());
    await origin.advance(100);
    tab!.session.dispose();
    await origin.advance(10);
    expect(call.error).toMatchObject({ code: 'disposed' });
  });
});

it('a user interface is called when something that it shows has changed, and only then', async () => {
  const { origin, active, watch, script, record } = tabs();
  const [tab] = await active(1);
  let calls = 0;
  tab!.session.subscribe(() => calls++);
  origin.ledger().set({ ...record(), closed: [{ sid: 's0', at: 1, reason: 'revoked' }] });
  origin.inject({ protocol: 1, from: 'somebody', incarnation: 'any', type: 'SESSION_STARTED', sid: 's0', sessionAt: 1 });
  await origin.advance(1_000);
  expect(calls).toBe(0);
  script.push({ status: 503, json: {}, retryAfter: 20_000 });
  const call = watch(tab!.session.refresh());
  await origin.advance(5_000);
  const { activity, retryAt } = tab!.session.getSnapshot();
  expect([activity, Math.round((retryAt! - tab!.context.ports.clock.wall()) / 1_000), calls > 0]).toEqual(['backingOff', 15, true]);
  expect(await origin.until(() => !!call.value)).toBe(true);
});

it('where locks do not work a token is had all the same, and somebody is told', async () => {
  const { open, outcome, origin } = tabs();
  const context = origin.context();
  context.ports.locks.request = () => ({ granted: Promise.reject(new Error('There are no locks here, as it was told.')), abort: () => {} });
  const { session } = open({ start: 'lazy' }, context);
  const problems: string[] = [];
  session.on('problem', ({ code }) => problems.push(code));
  expect(await outcome(session.getToken())).toEqual({ value: 'token-1' });
  expect(problems).toEqual(['locks_unavailable']);
});

it('everybody who listens for an event hears it, until they stop', async () => {
  const { active, outcome } = tabs();
  const [tab] = await active(1);
  const heard: string[] = [];
  const stop = tab!.session.on('token', () => heard.push('first'));
  tab!.session.on('token', () => heard.push('second'));
  await outcome(tab!.session.refresh());
  stop();
  await outcome(tab!.session.refresh());
  expect(heard).toEqual(['first', 'second', 'second']);
});

it('every request to the endpoint is told as an event: why, what came of it, how long it took', async () => {
  const { active, outcome, script } = tabs({ conditions: { networkDelay: [50, 50] } });
  const [tab] = await active(1);
  const told: unknown[] = [];
  tab!.session.on('refresh', (event) => told.push(event));
  await outcome(tab!.session.refresh());
  script.push({ status: 404, json: {} });
  await outcome(tab!.session.refresh());
  tab!.context.ports.random.fingerprint = async (attempt) => `${attempt.length} characters`;
  await outcome(tab!.session.refresh());
  tab!.context.ports.random.fingerprint = () => Promise.reject(new Error('There is no WebCrypto here, as it was told.'));
  await outcome(tab!.session.refresh());
  expect(told.slice(2)).toMatchObject([{ generation: 3, attempt: '22 characters' }, { generation: 4 }]);
  expect(told.slice(0, 2)).toMatchObject([
    { reason: 'force', outcome: 'rotated', generation: 2, duration: expect.toSatisfy((ms: number) => ms >= 100 && ms < 120) },
    { reason: 'force', outcome: expect.stringMatching(/^fault: The refresh endpoint answered 404/), generation: undefined },
  ]);
});

describe('the lock', () => {
  it('is held around a refresh only: free when it is over, and during every read', async () => {
    const { origin, active, outcome } = tabs();
    const [tab] = await active(1);
    const held: boolean[] = [];
    await outcome(tab!.session.refresh());
    await origin.advance(5);
    await tab!.session.getToken();
    held.push(origin.lock(LOCK).held);
    await origin.advance(600_000);
    expect(held).toEqual([false]);
    expect(origin.lock(LOCK)).toEqual({ held: false, pending: 0 });
  });
});

describe('the reader of existing backends', () => {
  const NOW = 1_800_000_000_000;
  const read = (json: object, claims: Record<string, unknown> = {}) => readAnswer(json, () => claims, NOW);

  it.each(['access_token', 'accessToken', 'access', 'token'])('finds the token as %s', (name) => {
    expect(read({ [name]: 'abc', expires_in: 60 })).toMatchObject({ token: 'abc', lifetime: 60_000 });
  });

  it.each([
    [{ expires_in: 60 }, 60_000],
    [{ expiresIn: 60 }, 60_000],
    [{ expires_in: '60' }, 60_000],
    [{ expires_at: NOW / 1000 + 60 }, 60_000],
  ])('finds the lifetime in %j', (fields, lifetime) => {
    expect(read({ token: 'abc', ...fields })).toMatchObject({ lifetime });
  });

  it('takes exp − iat of a JWT where no lifetime is given', () => {
    expect(read({ token: 'abc' }, { iat: 1_000, exp: 1_300 })).toMatchObject({ lifetime: 300_000 });
  });

  it('takes the subject of the answer, else that of the token', () => {
    expect([read({ token: 'abc', sub: 'ann' }, { sub: 'ben' }), read({ token: 'abc' }, { sub: 'ben' }), read({ token: 'abc' })]).toMatchObject([{ sub: 'ann' }, { sub: 'ben' }, { sub: undefined }]);
  });

  it('knows no lifetime otherwise: then a 401 of the API decides', async () => {
    expect(read({ token: 'abc' })).toMatchObject({ lifetime: 0 });
    expect(read({ token: 'abc' }, { exp: 1_300 })).toMatchObject({ lifetime: 0 });
    const { origin, active, outcome, grants } = tabs();
    Object.assign(grants, { expires_in: undefined, lifetime: undefined });
    const [tab] = await active(1);
    await origin.advance(3_600_000);
    expect(tab!.session.peek()).toBe('token-1');
    expect((await outcome(tab!.session.refresh({ reason: 'unauthorized', rejected: 'token-1' }))).value).toBe('token-2');
  });
});
