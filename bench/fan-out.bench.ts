/** Ten tabs, one expiry: how long after the endpoint's answer the last of them is served, beside a raw broadcast. */
import { expect, test } from '../e2e/harness/fixtures.js';
import { report, sample, show } from './ratio.js';

const ROUNDS = 15;
const TABS = 10;

test('ten tabs are served within the server’s time + 3 × a raw broadcast', async ({ origin }) => {
  const tabs = await origin.signedIn(TABS);
  for (const tab of tabs) {
    await tab.run('expose');
    await tab.page.evaluate(() => {
      const bench = globalThis as unknown as { raw: BroadcastChannel; heard: (n: number) => Promise<number> };
      bench.raw = new BroadcastChannel('bench');
      bench.heard = (n) => new Promise((done) => bench.raw.addEventListener('message', function hear({ data }) {
        if (data !== n) return;
        bench.raw.removeEventListener('message', hear);
        done(performance.timeOrigin + performance.now());
      }));
    });
  }
  const fanOuts: number[] = [];
  const excesses: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const heard = tabs.slice(1).map((tab) => tab.page.evaluate((n) => (globalThis as never as { heard: (n: number) => Promise<number> }).heard(n), round));
    const posted = await tabs[0]!.page.evaluate((n) => {
      const at = performance.timeOrigin + performance.now();
      (globalThis as never as { raw: BroadcastChannel }).raw.postMessage(n);
      return at;
    }, round);
    fanOuts.push(Math.max(...(await Promise.all(heard))) - posted);

    origin.backend.rest();
    origin.server.journal.clear();
    const at = Date.now() + 400;
    const served = await Promise.all(
      tabs.map((tab) =>
        tab.page.evaluate(async (when) => {
          const { session } = globalThis as never as { session: { refresh(): Promise<string>; on(name: string, run: (event: { duration: number }) => void): () => void } };
          let duration = 0;
          const off = session.on('refresh', (event) => (duration = event.duration));
          await new Promise((go) => setTimeout(go, when - Date.now()));
          while (performance.timeOrigin + performance.now() < when);
          await session.refresh();
          off();
          return { at: performance.timeOrigin + performance.now(), duration };
        }, at),
      ),
    );
    expect(origin.server.refreshes()).toHaveLength(1);
    // What the endpoint took, as the one tab that asked saw it.
    const server = Math.max(...served.map(({ duration }) => duration));
    excesses.push(Math.max(...served.map((one) => one.at)) - at - server);
  }
  const [fanOut, excess] = [sample(fanOuts), sample(excesses)];
  const ratio = excess.median / fanOut.median;
  report('ten tabs, one expiry: beyond the server’s time', `${ratio.toFixed(2)} × a raw broadcast (${show(excess, 'ms')} against ${show(fanOut, 'ms')})`, '3 ×', ratio <= 3);
  expect(ratio).toBeLessThanOrEqual(3);
});
