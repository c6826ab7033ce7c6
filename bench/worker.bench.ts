/** What a worker that signs requests costs, beside one that only passes them through and beside an established token proxy, in one run. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from '@playwright/test';
import { expect, test } from '@playwright/test';
import { report, sample, show } from './ratio.js';
import { type Kind, kinds, type Site, site } from './worker-site.js';

const ROUNDS = 7;
const REQUESTS = 500;
const TURN = 50;
const root = join(import.meta.dirname, '..');

/** A page of its own under each worker, with a token where the worker has one to attach. */
async function open(page: Page, kind: Kind, { origin }: Site): Promise<Page> {
  await page.goto(`${origin}/${kind}/`);
  await page.evaluate(
    async ([which, at]) => {
      const registration = await navigator.serviceWorker.register(`/${which}/sw.js`);
      // `ready` is for a worker in control of this page's folder, which it is once active.
      await navigator.serviceWorker.ready;
      const ask = (message: object) =>
        new Promise((answer) => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = ({ data }) => answer(data);
          registration.active!.postMessage(message, [port2]);
        });
      if (which === 'ours') {
        const config = { endpoint: `${at}/auth`, apis: [{ origin: at, path: '/api' }], mode: 'attach' };
        await fetch('/auth/login', { method: 'POST', headers: { 'content-type': 'application/json', 'X-Tabaton': '1' }, body: '{"user":"ada"}' });
        await ask({ tabaton: 1, type: 'CONFIGURE', config });
      }
    },
    [kind, origin] as const,
  );
  await page.goto(`${origin}/${kind}/`);
  expect(await page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true);
  if (kind === 'peer')
    await page.evaluate(async (at) => {
      const { port1, port2 } = new MessageChannel();
      const ready = new Promise((answer) => (port1.onmessage = answer));
      const oidcServerConfiguration = { tokenEndpoint: `${at}/peer/token`, revocationEndpoint: `${at}/peer/revoke`, userInfoEndpoint: `${at}/peer/user`, issuer: `${at}/peer` };
      navigator.serviceWorker.controller!.postMessage({ type: 'init', configurationName: 'default', tabId: 'default', data: { oidcServerConfiguration, oidcConfiguration: { token_renew_mode: 'access_token_invalid' } } }, [port2]);
      await ready;
      const verifier = 'CODE_VERIFIER_SECURED_BY_OIDC_SERVICE_WORKER_default%23tabId%3Ddefault';
      await fetch('/peer/token', { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: `grant_type=authorization_code&code=c&code_verifier=${verifier}` });
    }, origin);
  return page;
}

const run = (page: Page, count: number): Promise<number> =>
  page.evaluate(async (requests) => {
    const start = performance.now();
    for (let n = 0; n < requests; n += 1) await (await fetch('/api/small')).text();
    return (performance.now() - start) / requests;
  }, count);

test('a signed request costs at most 1.15 × one that a worker only passes through, and less than the peer’s', async ({ context }) => {
  const at = await site();
  const pages = {} as Record<Kind, Page>;
  for (const kind of kinds) pages[kind] = await open(await context.newPage(), kind, at);
  const signed: Partial<Record<Kind, number>> = {};
  for (const kind of kinds) {
    await run(pages[kind], 100);
    Object.assign(at.seen, { bearer: 0, bare: 0 });
    await run(pages[kind], 10);
    signed[kind] = at.seen.bearer;
  }
  expect(signed, 'each does its work').toEqual({ pass: 0, ours: 10, peer: 10 });

  const runs: Record<Kind, number[]> = { pass: [], ours: [], peer: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    const spent: Record<Kind, number> = { pass: 0, ours: 0, peer: 0 };
    // In small turns, so that whatever else the machine does in this round falls on all three.
    for (let turn = 0; turn < REQUESTS / TURN; turn += 1)
      for (let n = 0; n < kinds.length; n += 1) {
        const kind = kinds[(round + turn + n) % kinds.length]!;
        // A page in the background has less of the processor than one in front.
        await pages[kind].bringToFront();
        spent[kind] += (await run(pages[kind], TURN)) / (REQUESTS / TURN);
      }
    for (const kind of kinds) runs[kind].push(spent[kind]);
  }
  const [pass, ours, peer] = [sample(runs.pass), sample(runs.ours), sample(runs.peer)];
  const ratio = ours.median / pass.median;
  report(`a request of 1 kB under the worker, ${ROUNDS} × ${REQUESTS}`, `${ratio.toFixed(3)} × a pass-through worker (${show(ours, 'ms')} against ${show(pass, 'ms')})`, '1.15 ×', ratio <= 1.15);
  report('the same beside @axa-fr/oidc-client-service-worker', `${(ours.median / peer.median).toFixed(3)} × (${show(ours, 'ms')} against ${show(peer, 'ms')})`, '1 ×', ours.median < peer.median);
  await at.close();
  expect(ratio).toBeLessThanOrEqual(1.15);
  expect(ours.median).toBeLessThan(peer.median);
});

test('100 MB up and 100 MB down stream through with worker heap growth under 8 MB', async ({ context }) => {
  const at = await site();
  const page = await open(await context.newPage(), 'ours', at);
  await run(page, 20);
  // The worker's own heap, buffers included, while the bytes pass; collected first, so that growth is growth.
  const browser = await context.browser()!.newBrowserCDPSession();
  const { targetInfos } = await browser.send('Target.getTargets');
  const target = targetInfos.find(({ type, url }) => type === 'service_worker' && url.includes('/ours/'))!;
  const { sessionId } = await browser.send('Target.attachToTarget', { targetId: target.targetId, flatten: false });
  let id = 0;
  const ask = <T>(method: string): Promise<T> =>
    new Promise((done) => {
      const mine = (id += 1);
      const hear = ({ message }: { message: string }) => {
        const answer = JSON.parse(message) as { id?: number; result: T };
        if (answer.id !== mine) return;
        browser.off('Target.receivedMessageFromTarget', hear);
        done(answer.result);
      };
      browser.on('Target.receivedMessageFromTarget', hear);
      void browser.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id: mine, method }) });
    });
  const used = async (): Promise<number> => {
    const { usedSize, embedderHeapUsedSize = 0, backingStorageSize = 0 } = await ask<{ usedSize: number; embedderHeapUsedSize?: number; backingStorageSize?: number }>('Runtime.getHeapUsage');
    return (usedSize + embedderHeapUsedSize + backingStorageSize) / 1_048_576;
  };
  await ask('HeapProfiler.enable');
  const watch = async (work: Promise<unknown>): Promise<number> => {
    await ask('HeapProfiler.collectGarbage');
    const before = await used();
    let most = before;
    let over = false;
    const ended = work.finally(() => (over = true));
    while (!over) most = Math.max(most, await used());
    await ended;
    return most - before;
  };
  const down = await watch(
    page.evaluate(async () => {
      let bytes = 0;
      const reader = (await fetch('/api/large?megabytes=100')).body!.getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) bytes += part.value.length;
      if (bytes !== 104_857_600) throw new Error(`${bytes} bytes arrived`);
    }),
  );
  at.seen.bytes = 0;
  const up = await watch(
    page.evaluate(async () => {
      const part = new Blob([new Uint8Array(10_485_760)]);
      await (await fetch('/api/upload', { method: 'POST', body: new Blob(Array.from({ length: 10 }, () => part)) })).text();
    }),
  );
  expect(at.seen.bytes).toBe(104_857_600);
  report('100 MB through the worker: heap growth', `${down.toFixed(1)} MB down, ${up.toFixed(1)} MB up`, '8 MB', Math.max(down, up) < 8);
  await at.close();
  expect(down).toBeLessThan(8);
  expect(up).toBeLessThan(8);
});

/** The goal is missed, and docs/decisions/0050-size-of-the-worker.md says why; what is held is that it does not grow unseen. */
test('the script’s size beside its goal of 9 kB, and never beyond 20.6 kB', () => {
  const size = (path: string) => gzipSync(readFileSync(join(root, path)), { level: 9 }).length;
  const [ours, peer] = [size('dist/sw.js'), size('node_modules/@axa-fr/oidc-client-service-worker/dist/OidcServiceWorker.js')];
  report('the worker’s script, gzip', `${(ours / 1000).toFixed(1)} kB (the peer, which cannot refresh, ${(peer / 1000).toFixed(1)} kB)`, '9 kB', ours <= 9_000);
  expect(ours).toBeLessThanOrEqual(20_600);
});
