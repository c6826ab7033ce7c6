/**
 * Facts about Chromium that the protocol rests on. When one of these fails the browser has changed:
 * read docs/ on platform traps again before touching the test.
 */
import { type App, app } from '../server/app.js';
import { cut, hold } from '../server/faults.js';
import { expect, test as base } from '../harness/raw.js';

const test = base.extend<{ server: App }>({
  server: async ({}, use) => {
    const cookie = 'landed=1; Path=/; Max-Age=600';
    const server = await app(() => async () => new Response('{}', { headers: { 'content-type': 'application/json', 'set-cookie': cookie } }));
    await use(server);
    await server.close();
  },
});

const HOLD = `new Promise((granted) => navigator.locks.request('canary', () => { granted(true); return new Promise((release) => { window.release = release; }); }))`;
const WAIT = `void navigator.locks.request('canary', () => { window.granted = true; })`;
/** False only after this page's own timer has run: proof that a grant had its chance. */
const GRANTED_WITHIN = (ms: number): string => `new Promise((done) => setTimeout(() => done(window.granted === true), ${ms}))`;

test('a page in the back/forward cache keeps its lock and starves the waiter; releasing it on pagehide cures that', async ({ profile, server }) => {
  const browser = await profile.launch();
  for (const cure of [false, true]) {
    const holder = await browser.open(`${server.origin}/bare?holder`);
    const waiter = await browser.open(`${server.origin}/bare?waiter`);
    await holder.evaluate(HOLD);
    if (cure) await holder.evaluate(`addEventListener('pagehide', () => release())`);
    await waiter.evaluate(WAIT);
    await holder.goto(`${server.origin}/bare?elsewhere`);
    expect(await waiter.evaluate(GRANTED_WITHIN(1_500))).toBe(cure);
    await holder.close();
    await waiter.close();
  }
});

test('a frozen page answers BroadcastChannel while its timers stand still', async ({ profile, server }) => {
  const browser = await profile.launch();
  const frozen = await browser.open(`${server.origin}/bare?frozen`);
  const asking = await browser.open(`${server.origin}/bare?asking`);
  await frozen.evaluate(`window.channel = new BroadcastChannel('canary'); channel.onmessage = () => { channel.postMessage('handler'); setTimeout(() => channel.postMessage('timer'), 0); };`);
  await asking.evaluate(`window.heard = []; window.channel = new BroadcastChannel('canary'); channel.onmessage = ({ data }) => heard.push(data);`);
  const heard = () => asking.evaluate<string[]>('heard');

  await frozen.freeze();
  await asking.evaluate(`channel.postMessage('ping')`);
  await expect.poll(heard).toEqual(['handler']);
  expect(await asking.evaluate(`new Promise((done) => setTimeout(() => done(heard), 1000))`)).toEqual(['handler']);
  await frozen.thaw();
  await expect.poll(heard).toEqual(['handler', 'timer']);
});

test('a POST is sent again when a reused connection dies before the answer', async ({ profile, server }) => {
  const browser = await profile.launch();
  const tab = await browser.open(`${server.origin}/bare`);
  server.faults.next('refresh', cut('after'));
  const status = await tab.evaluate(`fetch('/auth/refresh', { method: 'POST', keepalive: true, body: '{}' }).then((reply) => reply.status)`);
  expect(status).toBe(200);
  expect(server.refreshes().map((entry) => entry.sent)).toEqual(['cut', 200]);
});

for (const end of ['close', 'crash'] as const)
  for (const keepalive of [true, false])
    test(`after a ${end} the cookie of a ${keepalive ? 'keepalive request lands' : 'plain request is lost'}`, async ({ profile, server }) => {
      const browser = await profile.launch();
      const tab = await browser.open(`${server.origin}/bare?sender`);
      const other = await browser.open(`${server.origin}/bare?other`);
      const held = hold('before');
      server.faults.next('refresh', held.fault);
      await tab.evaluate(`void fetch('/auth/refresh', { method: 'POST', keepalive: ${keepalive} }).catch(() => {})`);
      const entry = await held.barrier.arrived;
      await other.evaluate(`void navigator.locks.request('none', () => {})`);
      await (end === 'close' ? tab.close() : tab.crash());
      if (!keepalive) await expect.poll(() => entry.gone).toBe(true);
      held.barrier.release();
      await expect.poll(() => entry.acted).toBe(true);
      if (keepalive) await expect.poll(() => other.evaluate('document.cookie')).toContain('landed=1');
      else expect(await other.evaluate(`fetch('/bare').then(() => document.cookie)`)).toBe('');
    });

test('the lock of a crashed renderer is free at once', async ({ profile, server }) => {
  const browser = await profile.launch();
  const holder = await browser.open(`${server.origin}/bare?holder`);
  const waiter = await browser.open(`${server.origin}/bare?waiter`);
  await holder.evaluate(HOLD);
  await waiter.evaluate(WAIT);
  holder.crash();
  await expect.poll(() => waiter.evaluate('window.granted === true')).toBe(true);
});

test('aborting a keepalive request before its answer does not stop it: its cookie still lands', async ({ profile, server }) => {
  const browser = await profile.launch();
  const tab = await browser.open(`${server.origin}/bare`);
  const held = hold('before');
  server.faults.next('refresh', held.fault);
  await tab.evaluate(`window.stop = new AbortController(); void fetch('/auth/refresh', { method: 'POST', keepalive: true, signal: stop.signal }).catch(() => { window.failed = true; })`);
  const entry = await held.barrier.arrived;
  expect(await tab.evaluate(`new Promise((done) => { stop.abort(); setTimeout(() => done(window.failed === true), 500); })`)).toBe(true);
  expect(entry.gone).toBe(false);
  held.barrier.release();
  await expect.poll(() => tab.evaluate('document.cookie')).toContain('landed=1');
});
