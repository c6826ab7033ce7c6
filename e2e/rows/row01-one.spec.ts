/** Row 1: N contexts whose token dies in the same moment cause one refresh. */
import { expect, levels, test } from '../harness/fixtures.js';
import { becomesActive, neverEnded, type Origin } from '../harness/origin.js';
import type { Context } from '../harness/tab.js';
import { allServed } from '../harness/victim.js';

/** Well inside the ten seconds after which the holder gives its request up. */
const HOLD_MS = 3_000;

/**
 * The refresh is held until every context has been refused, so all of them want a token in the same moment.
 * (Chromium opens six connections per host, so holding the 401s back instead would never gather ten.)
 * A machine too slow to refuse them all in time refuses the rest while the answer travels: still one refresh.
 */
async function stormAtOnce(origin: Origin, contexts: readonly Context[], calls = contexts.length): Promise<unknown[]> {
  const barrier = origin.server.faults.hold('refresh', 'before');
  const storm = Array.from({ length: calls / contexts.length }, () => [...origin.storm(contexts).values()]).flat();
  await barrier.arrived;
  const held = performance.now();
  await expect.poll(() => origin.server.api.rejections === calls || performance.now() - held > HOLD_MS).toBe(true);
  barrier.release();
  return Promise.all(storm);
}

for (const level of levels)
  test.describe(`row 1, ${level}`, () => {
    test.use({ level });

    for (const count of [2, 10, 50])
      test(`${count} tabs get their 401 together`, async ({ origin }) => {
        const tabs = await origin.signedIn(count);
        expect(await stormAtOnce(origin, tabs)).toEqual(allServed(tabs));
        expect(origin.server.refreshes()).toHaveLength(1);
        await neverEnded(tabs);
      });

    test('50 calls of one tab and 50 of another get their 401 together', async ({ origin }) => {
      const tabs = await origin.signedIn(2);
      const answers = await stormAtOnce(origin, tabs, 100);
      expect(answers).toEqual(Array.from({ length: 50 }, () => allServed(tabs)).flat());
      expect(origin.server.refreshes()).toHaveLength(1);
    });

    test('tabs, iframes, dedicated workers and a shared worker get their 401 together', async ({ origin }) => {
      const tabs = await origin.signedIn(3);
      const others = await Promise.all(
        tabs.flatMap((tab) => [
          tab.add('iframe', `${tab.name}-frame`),
          tab.add('worker', `${tab.name}-worker`),
        ]),
      );
      const shared = await tabs[0]!.add('shared', 'shared');
      const contexts = [...tabs, ...others, shared];
      await becomesActive(contexts);
      origin.server.journal.clear();
      expect(await stormAtOnce(origin, contexts)).toEqual(allServed(contexts));
      expect(origin.server.refreshes()).toHaveLength(1);
    });

    test.describe('by the clock', () => {
      test.use({ lifetime: 6 });
      test('10 tabs whose token expires ask in the same moment', async ({ origin }) => {
        // Nobody refreshes ahead: the expiry itself must strike.
        const tabs = await origin.signedIn(10, { session: { leadership: 'never' } });
        const answers = await Promise.all(tabs.map((tab) => tab.run('tokenOnceExpired')));
        expect(answers.every((answer) => answer.ok)).toBe(true);
        expect(new Set(answers.map((answer) => answer.ok && answer.value)).size).toBe(1);
        expect(origin.server.refreshes()).toHaveLength(1);
      });
    });
  });

test.describe('row 1, full', () => {
  test('messages that arrive after the lock: the ledger, not the channel, tells a waiter that somebody was faster', async ({ origin }) => {
    await origin.browser.addInitScript(() => {
      const LATE_MS = 20;
      window.BroadcastChannel = class extends BroadcastChannel {
        override set onmessage(run: ((event: MessageEvent) => void) | null) {
          super.onmessage = run && ((event) => void setTimeout(() => run(event), LATE_MS));
        }
      };
    });
    const tabs = await origin.signedIn(5);
    expect(await stormAtOnce(origin, tabs)).toEqual(allServed(tabs));
    expect(origin.server.refreshes()).toHaveLength(1);
  });
});

test('row 1, full: 200 contexts, ten tabs with nine frames and ten workers each', async ({ origin }) => {
  test.setTimeout(600_000);
  const tabs = await origin.signedIn(10);
  const kinds = ['iframe', 'worker'] as const;
  const others = await Promise.all(
    tabs.map(async (tab) => {
      const made = [await tab.add('worker', `${tab.name}-worker`)];
      for (let n = 1; n < 10; n += 1) made.push(...(await Promise.all(kinds.map((kind) => tab.add(kind, `${tab.name}-${kind}${n}`)))));
      return made;
    }),
  );
  const contexts = [...tabs, ...others.flat()];
  expect(contexts).toHaveLength(200);
  await becomesActive(contexts);
  origin.server.journal.clear();
  expect(await stormAtOnce(origin, contexts)).toEqual(allServed(contexts));
  expect(origin.server.refreshes()).toHaveLength(1);
});
