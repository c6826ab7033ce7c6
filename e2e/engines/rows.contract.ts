/** The rows that must be survived in every engine: 1, 2, 5, 7, 8, 9, 10, 11 and 12. */
import { expect } from '@playwright/test';
import { becomesActive, getsToken, neverEnded } from '../harness/origin.js';
import type { Context } from '../harness/tab.js';
import { allServed, endMidRefresh, stillAlive } from '../harness/victim.js';
import { cut, html, json, silence } from '../server/faults.js';
import { below, type EngineTab } from './engine.js';
import type { EngineTest, InEngine } from './fixtures.js';

const users = async (tabs: readonly EngineTab[]): Promise<unknown[]> => Promise.all(tabs.map(async (tab) => (await tab.run('snapshot')).sub));

/** All of them are refused before anybody has a new token. */
async function oneRefresh(at: InEngine, contexts: readonly Context[]): Promise<void> {
  const barrier = at.server.faults.hold('refresh', 'before');
  const storm = at.storm(contexts);
  await barrier.arrived;
  await expect.poll(() => at.server.api.rejections).toBe(contexts.length);
  barrier.release();
  expect(await Promise.all(storm.values())).toEqual(allServed(contexts));
  expect(at.server.refreshes()).toHaveLength(1);
  await neverEnded(contexts);
}

/** Resolves when its page is there, out of the cache or loaded anew. */
const isBack = (tab: EngineTab): Promise<void> => expect.poll(() => tab.evaluate('window.subject !== undefined').catch(() => false)).toBe(true);

const timedOut = expect.objectContaining({ event: expect.objectContaining({ outcome: 'transient: no answer in time' }) });

export function rows(name: string, test: EngineTest): void {
  test(`${name}, row 1: ten tabs get their 401 together: one refresh`, async ({ at }) => {
    const tabs = await at.signedIn(10);
    await oneRefresh(at, tabs);
  });

  test(`${name}, row 1: tabs, iframes, dedicated workers and a shared worker get their 401 together: one refresh`, async ({ at }) => {
    const tabs = await at.signedIn(2);
    const others = await Promise.all(tabs.flatMap((tab) => [below(tab, 'iframe', `${tab.name}-frame`), below(tab, 'worker', `${tab.name}-worker`)]));
    const contexts = [...tabs, ...others, await below(tabs[0]!, 'shared', 'shared')];
    await becomesActive(contexts);
    at.server.journal.clear();
    await oneRefresh(at, contexts);
  });

  for (const when of ['before', 'after'] as const)
    test(`${name}, row 2: the refreshing tab is closed ${when} the server has acted`, async ({ at }) => {
      const tabs = await at.signedIn(3);
      const { survivors, barrier, answers } = await endMidRefresh(at, tabs, when, (tab) => tab.close());
      expect(await answers()).toEqual(allServed(survivors));
      const [first, second] = at.server.refreshes();
      expect(second?.attempt).toBe(first?.attempt);
      barrier.release();
      expect(at.backend.rotations()).toBe(1);
      await stillAlive(at, survivors);
    });

  test(`${name}, row 5: the holder leaves for another page with a waiter queued, a third asks, and the holder comes back`, async ({ at }) => {
    const tabs = await at.signedIn(3);
    const barrier = at.server.faults.hold('refresh', 'after');
    const storm = at.storm(tabs.slice(0, 2));
    const { from } = await barrier.arrived;
    const holder = tabs.find((tab) => tab.name === from)!;
    const waiter = tabs.slice(0, 2).find((tab) => tab !== holder)!;
    await expect.poll(async () => (await waiter.run('snapshot')).activity).toBe('waiting');
    await holder.goto(`${at.server.origin}/bare?elsewhere`);
    expect(await tabs[2]!.run('api', '/api/me')).toMatchObject({ ok: true, value: { status: 200 } });
    expect(await storm.get(waiter)).toMatchObject({ ok: true, value: { status: 200 } });
    expect(at.backend.rotations()).toBe(1);
    barrier.release();
    await holder.back();
    await isBack(holder);
    const { generation } = await waiter.run('snapshot');
    await expect.poll(async () => (await holder.run('snapshot')).generation).toBe(generation);
    expect(at.backend.rotations()).toBe(1);
    await stillAlive(at, [holder, ...tabs]);
    expect(await holder.run('events', 'refresh'), 'nobody waited for the deadline of a request that WebKit says no more of').not.toContainEqual(timedOut);
  });

  test(`${name}, row 5: the only tab leaves for another page while it refreshes, and comes back`, async ({ at }) => {
    const [tab] = await at.signedIn(1);
    const barrier = at.server.faults.hold('refresh', 'after');
    at.storm([tab!]);
    await barrier.arrived;
    await tab!.goto(`${at.server.origin}/bare?elsewhere`);
    barrier.release();
    await tab!.back();
    await isBack(tab!);
    expect(await tab!.run('api', '/api/me')).toMatchObject({ ok: true, value: { status: 200, user: 'ada' } });
    expect(await tab!.run('events', 'refresh')).not.toContainEqual(timedOut);
    expect(at.backend.rotations()).toBe(1);
    await stillAlive(at, [tab!]);
  });

  test(`${name}, row 7: a refresh that never answers is given up at its deadline and done once more`, async ({ at }) => {
    const tabs = await at.signedIn(3);
    at.server.faults.next('refresh', silence('after'));
    await Promise.allSettled(at.storm(tabs).values());
    await getsToken(tabs);
    const [first, second] = at.server.refreshes();
    expect(at.server.refreshes()).toHaveLength(2);
    expect(second!.at - first!.at).toBeGreaterThan(9_000);
    await stillAlive(at, tabs);
  });

  test(`${name}, row 8: a lost reply is replayed: same attempt, one rotation, nobody signed out`, async ({ at }) => {
    const tabs = await at.signedIn(3);
    at.server.keepAlive(false);
    at.server.faults.next('refresh', cut('after'));
    expect(await Promise.all(at.storm(tabs).values())).toEqual(allServed(tabs));
    const entries = at.server.refreshes();
    expect(entries[0]?.sent).toBe('cut');
    expect(new Set(entries.map((entry) => entry.attempt)).size).toBe(1);
    expect(at.backend.rotations()).toBe(1);
    await stillAlive(at, tabs);
  });

  for (const [title, fault] of [
    ['503 with JSON', json(503, { error: 'temporarily_unavailable' })],
    ['a 403 page of a firewall', html(403, '<h1>Blocked</h1>')],
    ['a 200 page of a captive portal', html(200, '<h1>Welcome to the hotel</h1>')],
  ] as const)
    test(`${name}, row 9: ${title}: session intact, one request per round`, async ({ at }) => {
      const tabs = await at.signedIn(3);
      at.server.faults.next('refresh', fault);
      await Promise.allSettled(at.storm(tabs).values());
      await getsToken(tabs);
      await neverEnded(tabs);
      expect(at.server.refreshes().map((entry) => entry.acted)).toEqual([false, true]);
    });

  test(`${name}, row 10: a definitive rejection is told to all, once, and asked no more`, async ({ at }) => {
    const tabs = await at.signedIn(5);
    const { sid } = await tabs[0]!.run('snapshot');
    at.server.faults.always('refresh', json(400, { error: 'invalid_grant', reason: 'revoked', session: 'ended', sid }));
    for (const answer of await Promise.all(at.storm(tabs).values())) expect(answer).toMatchObject({ ok: false, code: 'session_ended', reason: 'revoked' });
    for (const tab of tabs) {
      expect(await tab.run('events', 'ended')).toHaveLength(1);
      expect(await tab.run('token')).toMatchObject({ ok: false, code: 'session_ended' });
    }
    expect(at.server.refreshes()).toHaveLength(1);
  });

  for (const when of ['before', 'after'] as const)
    test(`${name}, row 11: signed out while another tab's refresh is held ${when} the server acts: no token and no cookie is left`, async ({ at, engine }) => {
      const tabs = await at.signedIn(3);
      const barrier = at.server.faults.hold('refresh', when);
      const storm = at.storm(tabs);
      const { from } = await barrier.arrived;
      const other = tabs.find((tab) => tab.name !== from)!;
      const signedOut = other.run('signOut');
      await expect.poll(() => at.server.journal.of('logout').some((entry) => entry.acted)).toBe(true);
      barrier.release();
      expect(await signedOut).toEqual({ ok: true });
      await Promise.allSettled(storm.values());
      for (const tab of tabs) {
        await expect.poll(() => tab.run('snapshot')).toMatchObject({ status: 'ended', reason: 'signed_out' });
        expect(await tab.run('token')).toMatchObject({ ok: false, code: 'session_ended' });
      }
      // A cookie knows no port: those of the rows before are there, too.
      const own = async () => (await engine.cookies(tabs[0]!)).filter((cookie) => cookie.httpOnly && cookie.name.includes(`${at.server.port}`));
      await expect.poll(own).toEqual([]);
      const fresh = await at.open('fresh');
      await expect.poll(async () => (await fresh.run('snapshot')).status).toBe('anonymous');
    });

  for (const when of ['before', 'after'] as const)
    test(`${name}, row 12: bob signs in while ada's refresh is held ${when} the server acts, and her answer lands last`, async ({ at }) => {
      const tabs = await at.signedIn(3);
      const barrier = at.server.faults.hold('refresh', when);
      const storm = at.storm(tabs);
      const { from } = await barrier.arrived;
      const login = tabs.find((tab) => tab.name !== from)!.run('login', 'bob');
      await expect.poll(() => at.server.journal.of('login').some((entry) => entry.sent === 200)).toBe(true);
      barrier.release();
      expect(await login).toEqual({ ok: true });
      await Promise.allSettled(storm.values());
      const fresh = await at.open('fresh');
      await becomesActive([...tabs, fresh]);
      await expect.poll(() => users([...tabs, fresh])).toEqual(['bob', 'bob', 'bob', 'bob']);
      for (const tab of tabs) expect(await tab.run('events', 'ended'), 'a switch is no end').toEqual([]);
    });

  for (const [what, sent, echo] of [
    ['a text', `session.fetch('/api/me', { method: 'POST', body: 'abc' })`, 'abc'],
    ['a text with keepalive', `session.fetch('/api/me', { method: 'POST', body: 'abc', keepalive: true })`, 'abc'],
    ['a Request with keepalive', `session.fetch(new Request('/api/me', { method: 'POST', body: 'abc', keepalive: true }))`, 'abc'],
    ['bytes', `session.fetch('/api/me', { method: 'PUT', body: new TextEncoder().encode('abc') })`, 'abc'],
    ['a Blob', `session.fetch('/api/me', { method: 'POST', body: new Blob(['abc']) })`, 'abc'],
    ['a query', `session.fetch('/api/me', { method: 'POST', body: new URLSearchParams({ a: '1' }) })`, 'a=1'],
    ['a form', `((form) => (form.append('a', '1'), session.fetch('/api/me', { method: 'POST', body: form })))(new FormData())`, expect.stringContaining('name="a"')],
  ] as const)
    test(`${name}, session.fetch: ${what} arrives as it was, again after a 401`, async ({ at }) => {
      const [tab] = await at.signedIn(1);
      await tab!.run('expose');
      at.server.api.expireAll();
      expect(await tab!.evaluate(`${sent}.then(async (answer) => ({ status: answer.status, ...await answer.json() }))`)).toMatchObject({ status: 200, user: 'ada', echo });
      expect(at.server.api.rejections).toBe(1);
    });
}
