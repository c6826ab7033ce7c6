/** What an endpoint may do wrong, and how long everybody rests after it. */
import { describe, expect, it } from 'vitest';
import type { VirtualResponse } from '../testing/index.js';
import { commit } from './commit.js';
import { emptyRecord, takeHold } from './record-moves.js';
import { full, tabs } from './testing/tabs.js';

const cooldown = (record: unknown) => (record as { cooldown?: { for: number; failures: number } }).cooldown;

describe('a shared cooldown', () => {
  it('keeps every tab from asking before Retry-After is over', async () => {
    const { origin, active, watch, refreshes, script } = tabs();
    const three = await active(3);
    script.push({ status: 503, json: {}, retryAfter: 20_000 });
    const calls = three.map(({ session }) => watch(session.refresh()));
    await origin.advance(19_000);
    expect(refreshes()).toHaveLength(2);
    await origin.until(() => calls.every(({ value }) => value), 10_000);
    expect(refreshes()).toHaveLength(3);
  });

  it('grows with full jitter from one second to sixty', async () => {
    const { origin, active, watch, record, script } = tabs();
    const [tab] = await active(1);
    script.push(...Array<VirtualResponse>(12).fill({ status: 500, json: {} }));
    const spans: number[] = [];
    let seen = 0;
    for (let i = 0; i < 400 && seen < 12; i++) {
      if (tab!.session.getSnapshot().activity === 'idle') watch(tab!.session.refresh());
      await origin.advance(2_000);
      const { failures = 0, for: span = 0 } = cooldown(record()) ?? {};
      if (failures > seen) spans.push(span);
      seen = failures;
      if (!failures && spans.length) break;
    }
    expect(spans.length).toBeGreaterThan(5);
    for (const [index, span] of spans.entries()) expect(span).toBeLessThanOrEqual(Math.min(60_000, 1_000 * 2 ** (index + (12 - spans.length))));
    expect(new Set(spans).size).toBeGreaterThan(3);
  });

  it('leaves a token that is below a wish, but alive, to who wishes for more; not to who wants another one', async () => {
    const { origin, active, outcome, script } = tabs();
    const [tab] = await active(1, { timeout: 3_000 });
    await origin.advance(400_000);
    script.push({ status: 503, json: {}, retryAfter: 60_000 });
    expect(await outcome(tab!.session.getToken({ minTtl: 250_000 }))).toEqual({ value: 'token-1' });
    expect((await outcome(tab!.session.refresh())).error?.code).toBe('refresh_unavailable');
  });

  it('is at most five minutes, whatever Retry-After says', async () => {
    const { origin, active, watch, record, script } = tabs();
    const [tab] = await active(1);
    script.push({ status: 503, json: {}, retryAfter: 86_400_000 });
    watch(tab!.session.refresh());
    await origin.until(() => !!cooldown(record()));
    expect(cooldown(record())!.for).toBe(300_000);
  });

  it('of two Retry-After the later one holds', () => {
    const held = takeHold({ ...emptyRecord('any'), cooldown: { at: 0, for: 100_000, failures: 1, soft: false } }, 'me', 0, 10_000);
    const sent = { me: 'me', seq: held.hold.seq, key: '|', reason: 'startup' as const, from: 0, monotonic: 0, wall: 0, duration: 1, now: 10_000, localSid: 'x', random: 0.5 };
    const after = (retryAfter: number) => commit(held, { is: 'transient', note: 'rest', retryAfter }, sent)[0].cooldown;
    expect(after(1_000)).toMatchObject({ at: 10_000, for: 90_000 });
    expect(after(200_000)).toMatchObject({ at: 10_000, for: 200_000 });
  });

  it('holds only between its beginning and its end: a clock set back does not prolong it', async () => {
    const { origin, active, watch, refreshes, script } = tabs();
    const [first, second] = await active(2);
    script.push({ status: 503, json: {}, retryAfter: 200_000 });
    const rested = watch(first!.session.refresh());
    await origin.until(() => !!rested.error || refreshes().length === 2);
    await origin.advance(1_000);
    origin.jumpWall(-3_600_000);
    const call = watch(second!.session.refresh());
    await origin.until(() => !!call.value, 5_000);
    expect([call.value, refreshes().length]).toEqual(['token-2', 3]);
  });
});

describe('a user interface', () => {
  it('hears degraded after the third failure, stalled after a minute without a valid token, and the session is kept', async () => {
    const { origin, active, watch, script } = tabs();
    const [tab] = await active(1);
    const said: string[] = [];
    for (const name of ['degraded', 'stalled', 'ended'] as const) tab!.session.on(name, () => said.push(name));
    await origin.advance(600_000);
    script.push(...Array<VirtualResponse>(40).fill({ status: 500, json: {} }));
    for (let i = 0; i < 40 && said.length < 2; i++) {
      if (tab!.session.getSnapshot().activity === 'idle') watch(tab!.session.getToken());
      await origin.advance(5_000);
    }
    expect(said).toEqual(['degraded', 'stalled']);
    expect(tab!.session.getSnapshot()).toMatchObject({ status: 'active', connection: 'stalled' });
    script.length = 0;
    await origin.advance(120_000);
    const call = watch(tab!.session.getToken());
    await origin.until(() => !!call.value);
    expect(tab!.session.getSnapshot().connection).toBe('ok');
  });

  it('hears stalled once, a minute after the last token, also where the endpoint asks for long patience', async () => {
    const { origin, active, script, watch } = tabs();
    const [tab] = await active(1, { leadership: 'visible' });
    script.push(...Array.from({ length: 9 }, () => ({ status: 503, json: { retry_after: 300 } })));
    const said: number[] = [];
    tab!.session.on('stalled', () => said.push(Math.round(origin.now() / 1_000)));
    await origin.advance(599_000);
    for (let n = 0; n < 60; n++) {
      watch(tab!.session.getToken());
      await origin.advance(20_000);
    }
    expect(said).toEqual([660]);
  });

  it('hears stalled when nothing can be had for a minute from the start', async () => {
    const { origin, open } = tabs();
    origin.offline();
    const { session } = open();
    const said: string[] = [];
    session.on('stalled', () => said.push('stalled'));
    session.on('degraded', () => said.push('degraded'));
    await origin.advance(200_000);
    expect(said.length).toBeGreaterThan(0);
    expect(session.getSnapshot().status).toBe('starting');
    expect(session.getSnapshot().connection).not.toBe('ok');
  });
});

describe('a page that does not know who is signed in', () => {
  it.each([
    ['is not there while a server is deployed', { status: 404, json: {} }],
    ['has one answer that cannot be used', { status: 200, json: {} }],
  ])('is not starting for good because the endpoint %s', async (_, fault) => {
    const { origin, open, script, refreshes } = tabs();
    script.push(fault, fault);
    const { session } = open();
    await origin.advance(1_000);
    expect([session.getSnapshot().status, refreshes().length]).toEqual(['starting', 1]);
    await origin.advance(60_000);
    expect([session.getSnapshot().status, refreshes().length]).toEqual(['active', 3]);
  });
});

describe('an answer', () => {
  it.each(['rotated', 'replayed', 'raced', 'coalesced', 'cached', 'something_new'])('with outcome %s is a success', async (word) => {
    const { active, outcome, script } = tabs();
    const [tab] = await active(1);
    script.push((request) => full(request, 2, { outcome: word }));
    expect((await outcome(tab!.session.refresh())).value).toBe('token-2');
  });

  it('in words of its own is read by who knows them; a reader that throws is a fault of the set-up', async () => {
    const { open, outcome, script, origin } = tabs();
    const context = origin.context();
    context.ports.endpoint.read = (json) => ({ access_token: (json as { ticket: { text: string } }).ticket.text, expires_in: 60 });
    const { session } = open({ start: 'lazy' }, context);
    script.push({ status: 200, json: { ticket: { text: 'mapped' } } }, { status: 200, json: {} });
    expect(await outcome(session.getToken())).toEqual({ value: 'mapped' });
    expect((await outcome(session.refresh())).error).toMatchObject({ code: 'bad_answer', message: expect.stringMatching(/^endpoint\.read threw: TypeError\./) });
    expect(session.peek()).toBe('mapped');
  });

  it('replayed twice in a row, with nothing minted in between, says that the cookie is blocked; a single one says nothing', async () => {
    const { active, outcome, script } = tabs();
    const [tab] = await active(1);
    const problems: string[] = [];
    tab!.session.on('problem', ({ code }) => problems.push(code));
    const replay = (gen: number) => script.push((request) => full(request, gen, { outcome: 'replayed' }));
    for (const gen of [2, 5, 7]) {
      replay(gen);
      await outcome(tab!.session.refresh());
    }
    expect(problems).toEqual([]);
    replay(8);
    await outcome(tab!.session.refresh());
    expect(problems).toEqual(['cookie_blocked']);
  });

  it('that asks to settle is presented once more, after its time, by one tab, and that answer asks no more', async () => {
    const { origin, active, outcome, refreshes, script } = tabs();
    const three = await active(3);
    script.push((request) => full(request, 2, { outcome: 'raced', settle_after: 35, attempt_settled: undefined }), (request) => full(request, 3, { outcome: 'raced', settle_after: 35 }));
    await outcome(three[0]!.session.refresh());
    await origin.advance(34_000);
    expect(refreshes()).toHaveLength(2);
    await origin.advance(5_000);
    expect(refreshes()).toHaveLength(3);
    expect(refreshes()[2]).toMatchObject({ call: { reason: 'settle' } });
    await origin.advance(200_000);
    expect(refreshes().length).toBeLessThanOrEqual(4);
  });

  it.each([
    ['400 invalid_request', { status: 400, json: { error: 'invalid_request', reason: 'malformed', session: 'intact' } }],
    ['403 csrf_origin', { status: 403, json: { error: 'access_denied', reason: 'csrf_origin', session: 'intact' } }],
    ['403 csrf_header', { status: 403, json: { error: 'access_denied', reason: 'csrf_header', session: 'intact' } }],
    ['404', { status: 404, json: { error: 'not_found' } }],
  ])('%s surfaces as endpoint_error with what to fix, and the session is kept', async (_what, response) => {
    const { active, outcome, script } = tabs();
    const [tab] = await active(1);
    script.push(response);
    const { error } = await outcome(tab!.session.refresh());
    expect(error?.code).toBe('endpoint_error');
    expect(error?.message).toMatch(/add it to|allow it|check the/);
    expect(tab!.session.getSnapshot().status).toBe('active');
  });

  it.each([
    ['408', { status: 408 }],
    ['425', { status: 425 }],
    ['429', { status: 429, json: {} }],
    ['500', { status: 500 }],
    ['504', { status: 504 }],
    ['HTML with status 200', { status: 200 }],
    ['a redirect', { status: 302 }],
    ['a 401 of something in between', { status: 401 }],
    ['a 400 without the word of a full endpoint', { status: 400, json: { error: 'invalid_grant' } }],
  ])('%s keeps the session of a full endpoint', async (_what, response) => {
    const { origin, active, watch, script } = tabs();
    const [tab] = await active(1);
    script.push(response);
    const call = watch(tab!.session.refresh());
    await origin.advance(500);
    expect(tab!.session.getSnapshot().status).toBe('active');
    await origin.until(() => !!call.value || !!call.error);
    expect(tab!.session.peek()).toMatch(/^token-/);
  });

  it('of a plain endpoint that says 401 ends the session, once in every tab', async () => {
    const { origin, active, watch, refreshes, script, grants } = tabs();
    Object.assign(grants, { gen: undefined, sid: undefined, session_at: undefined, outcome: undefined, attempt_settled: undefined });
    const three = await active(3);
    const ends: string[] = [];
    for (const { session } of three) session.on('ended', ({ reason }) => ends.push(reason));
    script.push({ status: 401 });
    const calls = three.map(({ session }) => watch(session.refresh()));
    await origin.until(() => calls.every(({ error }) => error));
    await origin.advance(60_000);
    expect(calls.map(({ error }) => error?.code)).toEqual(Array(3).fill('session_ended'));
    expect(ends).toEqual(Array(3).fill('rejected'));
    expect(refreshes()).toHaveLength(2);
  });

  it('a plain 401 for a request that was overtaken meanwhile ends nothing', async () => {
    const { origin, active, watch, grants } = tabs();
    Object.assign(grants, { gen: undefined, sid: undefined, session_at: undefined, outcome: undefined, attempt_settled: undefined });
    const [victim, other] = await active(2);
    const server = origin.server;
    origin.server = (request, now) => (request.context === victim!.context.name ? { status: 401 } : server(request, now));
    origin.fault = ({ context }) => (context === victim!.context.name ? { delay: 9_000 } : undefined);
    watch(victim!.session.refresh());
    await origin.until(() => (origin.ledger().peek() as { hold: { by: string } }).hold.by !== '');
    await origin.advance(100);
    victim!.context.freeze();
    const second = watch(other!.session.refresh());
    await origin.until(() => !!second.value, 60_000);
    victim!.context.thaw();
    await origin.advance(10_000);
    expect([victim, other].map((tab) => [tab!.session.getSnapshot().status, tab!.session.peek()])).toEqual(Array(2).fill(['active', second.value]));
  });

  it('with a word that nobody knows, however long, ends it everywhere as rejected', async () => {
    const { active, origin, outcome, script } = tabs();
    const two = await active(2);
    script.push({ status: 400, json: { error: 'invalid_grant', reason: 'x'.repeat(600), session: 'ended', sid: 's1' } });
    await outcome(two[0]!.session.refresh());
    await origin.advance(1_000);
    expect(two.map(({ session }) => session.getSnapshot())).toMatchObject(Array(2).fill({ status: 'ended', reason: 'rejected' }));
  });

  it('ended names the session it ends: one for another session ends nothing here', async () => {
    const { origin, active, watch, script } = tabs();
    const [tab] = await active(1);
    script.push({ status: 400, json: { error: 'invalid_grant', reason: 'revoked', session: 'ended', sid: 'elsewhere' } });
    watch(tab!.session.refresh());
    await origin.advance(5_000);
    expect(tab!.session.getSnapshot().status).not.toBe('ended');
  });

  it('ended for this session ends it with its reason, in every tab', async () => {
    const { origin, active, watch, script } = tabs();
    const three = await active(3);
    script.push({ status: 400, json: { error: 'invalid_grant', reason: 'revoked', session: 'ended', sid: 's1' } });
    watch(three[0]!.session.refresh());
    await origin.advance(5_000);
    expect(three.map(({ session }) => [session.getSnapshot().status, session.getSnapshot().reason])).toEqual(Array(3).fill(['ended', 'revoked']));
  });
});
