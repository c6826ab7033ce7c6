/**
 * The timelines that broke an earlier design, each played against the endpoint's own decisions (model-backend.ts).
 * Numbers are those of the review; what concerns only the endpoint is tested there.
 */
import { describe, expect, it } from 'vitest';
import { stage } from './testing/stage.js';

it('redteam 6: a late cookie of the old account lands beside the new one, and its answer is fenced', async () => {
  const { tabs, origin, settle, faults, refreshes, login, backend } = await stage();
  const [old, fresh] = await tabs(2);
  await origin.advance(60_000);
  faults.push({ delay: 2_000 });
  const late = old!.session.getToken();
  late.catch(() => {});
  expect(await origin.until(() => refreshes().length === 2)).toBe(true);
  const grant = await login('ben');
  await settle(fresh!.session.start(grant));
  await origin.advance(60_000);
  const tokens = await settle(Promise.all([old!, fresh!].map(({ session }) => session.getToken())));
  expect(tokens.value!.map((token) => backend.tokenOf(token)!.sub)).toEqual(['ben', 'ben']);
});

describe('redteam 7: a sign-out cannot be undone', () => {
  it('offline, through a reload: the logout goes before any refresh', async () => {
    const { tabs, origin, open, sent, alive, settle } = await stage();
    const [tab] = await tabs(1);
    origin.offline();
    void tab!.session.signOut();
    await origin.advance(100);
    tab!.context.close();
    const before = sent.length;
    const again = open();
    await origin.advance(1_000);
    origin.online();
    await origin.advance(20_000);
    expect(sent[before]!.request.route).toBe('logout');
    expect(alive()).toEqual([]);
    expect((await settle(again.session.getToken())).code).toMatch(/anonymous|session_ended/);
  });

  it('by a refresh under way: its cookie is taken away again, its token is adopted nowhere', async () => {
    const { tabs, origin, faults, refreshes, alive, backend } = await stage();
    const [one, two] = await tabs(2);
    await origin.advance(60_000);
    faults.push({ delay: 1_000 });
    one!.session.getToken().catch(() => {});
    expect(await origin.until(() => refreshes().length === 2)).toBe(true);
    void two!.session.signOut();
    await origin.advance(30_000);
    expect([one!, two!].map(({ session }) => [session.getSnapshot().status, session.peek()])).toEqual(Array(2).fill(['ended', undefined]));
    expect(alive()).toEqual([]);
    expect(backend.presented(origin.jar.header())).toBeUndefined();
  });
});

describe('redteam 8: an end is fenced by what it was sent for', () => {
  it('a slow none of a page at the login ends nothing of the login beside it', async () => {
    const { origin, open, faults, login, settle } = await stage({ signedIn: false });
    faults.push({ delay: 3_000 });
    const waiting = open();
    await origin.advance(200);
    const here = open();
    await settle(here.session.start(await login()));
    await origin.advance(10_000);
    expect([waiting, here].map(({ session }) => session.getSnapshot().status)).toEqual(['active', 'active']);
  });

  it('the end of the old session, heard after the new login, ends nothing', async () => {
    const { tabs, origin, faults, refreshes, login, settle, backend } = await stage();
    const [old, fresh] = await tabs(2);
    const ends: string[] = [];
    for (const { session } of [old!, fresh!]) session.on('ended', ({ sid }) => ends.push(sid));
    await origin.advance(60_000);
    await backend.revoke(origin.serverNow());
    faults.push({ delay: 1_000 });
    old!.session.getToken().catch(() => {});
    expect(await origin.until(() => refreshes().length === 2)).toBe(true);
    await settle(fresh!.session.start(await login('ben')));
    await origin.advance(20_000);
    expect(ends).toEqual([]);
    expect([old!, fresh!].map(({ session }) => session.getSnapshot().status)).toEqual(['active', 'active']);
  });
});

it('redteam 9: signed out, then back from a login page: the new document asks and is signed in', async () => {
  const { tabs, origin, login, open, settle } = await stage();
  const [tab] = await tabs(1);
  await settle(tab!.session.signOut());
  await origin.advance(1_000);
  void tab!.session.signIn();
  await origin.advance(100);
  tab!.context.close();
  await login('ben');
  const back = open({ start: 'hint' });
  await origin.advance(2_000);
  expect(back.session.getSnapshot()).toMatchObject({ status: 'active', sub: 'ben' });
});

it('redteam 7: a page frozen in the middle of a refresh says the sign-out again when it wakes: its cookie may have landed late', async () => {
  const { tabs, origin, answers, logouts } = await stage({ plain: true });
  const [frozen, other] = await tabs(2);
  await origin.advance(60_000);
  frozen!.session.getToken().catch(() => {});
  // The server has granted; its answer is on the wire.
  expect(await origin.until(() => answers.length === 2)).toBe(true);
  frozen!.context.stop();
  void other!.session.signOut();
  await origin.advance(5_000);
  expect(logouts()).toHaveLength(1);
  frozen!.context.thaw();
  await origin.advance(5_000);
  expect(frozen!.session.getSnapshot().status).toBe('ended');
  expect(logouts()).toHaveLength(2);
});

it('redteam 7: the tab that signed out dies before the endpoint has heard of it: another says it', async () => {
  const { tabs, origin, logouts, alive } = await stage();
  const [one, two] = await tabs(2);
  const seen = origin.fault;
  origin.fault = (request) => seen?.(request) ?? (request.context === one!.context.name ? 'lose_request' : undefined);
  void one!.session.signOut();
  await origin.until(() => two!.session.getSnapshot().status === 'ended');
  one!.context.crash();
  await origin.advance(30_000);
  expect(logouts().at(-1)!.request.context).toBe(two!.context.name);
  expect(alive()).toEqual([]);
});

it('redteam 9: back from a login page as somebody else, while another tab still holds the old token', async () => {
  const { tabs, origin, login, open, backend } = await stage();
  const [left, stays] = await tabs(2);
  void left!.session.signIn();
  await origin.advance(100);
  left!.context.close();
  await login('ben');
  const back = open({ start: 'hint' });
  await origin.advance(2_000);
  expect([back, stays!].map(({ session }) => backend.tokenOf(session.peek()!)!.sub)).toEqual(['ben', 'ben']);
});
