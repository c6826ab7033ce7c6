/**
 * The demo's right stage on two real processes that share a real redis-server: what a visitor sees is what one process
 * would show, and every request was answered by one of the two.
 */
import { test as base, expect, type Page } from '@playwright/test';
import { type Demo, startDemo } from '../demo/start.mjs';

const test = base.extend<object, { demo: Demo }>({
  demo: [
    async ({}, use) => {
      const demo = await startDemo({ nodes: 2 });
      const [, ...processes] = /process (\d+), (\d+)\) on redis-server/.exec(demo.about)!.map(Number);
      await use(demo);
      await demo.close();
      for (const pid of processes) expect(() => process.kill(pid, 0), `node ${pid} has ended`).toThrow(/ESRCH/);
      await expect(fetch(demo.url), 'the page is gone').rejects.toThrow();
    },
    { scope: 'worker' },
  ],
});

const tally = (demo: Demo) => demo.tallies().find(({ stage }) => stage === 'together')!;

/** The lines that say what a node did with a refresh. */
const answered = (demo: Demo) =>
  demo.log().flatMap((line) => (line.stage === 'together' && line.route === 'refresh' && line.phase === 'answered' ? [line] : []));

async function words(page: Page): Promise<string[]> {
  const frames = page.frames().filter((frame) => new URL(frame.url() || 'about:blank').pathname === '/together');
  return Promise.all(frames.map((frame) => frame.locator('[data-part="word"]').textContent().then((text) => text ?? '').catch(() => '')));
}

async function sixGreen(page: Page): Promise<void> {
  await expect.poll(() => words(page), { timeout: 30_000 }).toEqual(Array.from({ length: 6 }, () => 'signed in'));
}

/** Waits until the next expiry has begun and is answered in full. */
async function nextExpiry(demo: Demo) {
  const { expiry } = tally(demo);
  await expect.poll(() => tally(demo).expiry > expiry && tally(demo).answered >= tally(demo).requests, { timeout: 30_000 }).toBe(true);
  return tally(demo);
}

async function open(page: Page, demo: Demo): Promise<void> {
  await page.goto(demo.url);
  await sixGreen(page);
}

test('two nodes: one expiry is one refresh, six are green, and both nodes have answered', async ({ page, demo }) => {
  await open(page, demo);
  for (const _ of [1, 2]) expect(await nextExpiry(demo)).toMatchObject({ requests: 1, thrownOut: 0 });
  await sixGreen(page);
  // Refreshes take turns, so any two in a row went to two nodes.
  const nodes = answered(demo).map((line) => line.node);
  expect(new Set(nodes)).toEqual(new Set([1, 2]));
  await expect(page.locator('[data-part="score-together"]')).toContainText(/1\s*request\s*0\s*thrown out/);
  await expect(page.locator('[data-part="door-together"]')).toContainText(/^node [12]/);
});

test('what the nodes have carried out adds up to what the page counts, and the drawer says who did it', async ({ page, demo }) => {
  await open(page, demo);
  await nextExpiry(demo);
  await expect.poll(() => Math.min(...tally(demo).byNode), { timeout: 60_000 }).toBeGreaterThan(0);
  const { total, byNode } = tally(demo);
  expect(byNode).toHaveLength(2);
  expect(byNode[0]! + byNode[1]!).toBe(total.requests);
  await page.getByText('More ways to break it').click();
  await expect(page.locator('[data-part="shares"]')).toHaveText(/^Refreshes: \d+ by node 1, \d+ by node 2$/);
  const log = page.locator('[data-part="log"]');
  for (const node of ['node 1', 'node 2']) await expect(log.getByText(node, { exact: true })).not.toHaveCount(0);
});

test('Kill a node: the other answers for it, nobody is thrown out, and the dead one is replaced', async ({ page, demo }) => {
  await open(page, demo);
  await page.getByText('More ways to break it').click();
  await page.locator('[data-act="kill-node"]').click();
  await expect(page.locator('[data-part="outcome"]')).toHaveText(/All six were green again after [\d.]+ s, with [23] requests\./, { timeout: 30_000 });
  const lost = demo.log().findLast((line) => line.phase === 'lost' && line.how === 'killed');
  const dead = lost && 'node' in lost ? lost.node : undefined;
  expect([1, 2]).toContain(dead);
  expect(tally(demo).thrownOut).toBe(0);
  const since = () => answered(demo).filter((line) => line.seq > lost!.seq);
  expect(since()[0]).toMatchObject({ status: 200, node: dead === 1 ? 2 : 1 });
  await expect.poll(() => since().some((line) => line.node === dead), { timeout: 30_000 }).toBe(true);
  await sixGreen(page);
});
