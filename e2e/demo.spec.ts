/**
 * The demo, as a visitor meets it: real Chromium, the built page, the demo's own server. What is claimed on the page is
 * compared with the server's log, and every button with what it says.
 */
import { test as base, expect, type Frame, type Page } from '@playwright/test';
import { type Demo, startDemo } from '../demo/start.mjs';

type StageName = 'each' | 'together';

const test = base.extend<{ stages: Stages }, { demo: Demo }>({
  demo: [
    async ({}, use) => {
      // A slow network: on a busy machine the six strikes of one expiry must still meet in flight.
      const demo = await startDemo({ latency: 1_000 });
      await use(demo);
      await demo.close();
    },
    { scope: 'worker' },
  ],
  stages: async ({ page, demo }, use) => {
    const stages = new Stages(page, demo);
    await stages.open();
    await use(stages);
    demo.actions.plug();
    expect(stages.complaints()).toEqual([]);
  },
});

/** Chromium itself reports each 4xx answer and each lost connection as an error. These are the demo's subject. */
const EXPECTED = /\/(each|auth)\/((?:refresh|session|events)|logout)$|\/(api|each)\/me$/;

class Stages {
  readonly #complaints: string[] = [];

  constructor(
    readonly page: Page,
    private readonly demo: Demo,
  ) {
    page.on('pageerror', (error) => this.#complaints.push(error.message));
    page.on('console', (message) => {
      const expected = message.text().startsWith('Failed to load resource') && EXPECTED.test(message.location().url);
      if (['error', 'warning'].includes(message.type()) && !expected)
        this.#complaints.push(`${message.text()} ${message.location().url}`);
    });
  }

  async open(): Promise<void> {
    await this.page.goto(this.demo.url);
    await this.words('each', 6, 'signed in');
    await this.words('together', 6, 'signed in');
  }

  complaints(): string[] {
    return this.#complaints;
  }

  tally(stage: StageName) {
    const tally = this.demo.tallies().find((candidate) => candidate.stage === stage);
    if (!tally) throw new Error(`No tally of ${stage}.`);
    return tally;
  }

  /** The frames of a stage that are in the document now. */
  frames(stage: StageName): Frame[] {
    return this.page.frames().filter((frame) => new URL(frame.url() || 'about:blank').pathname === `/${stage}`);
  }

  async read(stage: StageName, part: 'word' | 'token'): Promise<string[]> {
    const texts = this.frames(stage).map((frame) =>
      frame.evaluate((name) => document.querySelector(`[data-part="${name}"]`)?.textContent ?? '', part).catch(() => ''),
    );
    return Promise.all(texts);
  }

  /** Waits until `count` tabs of the stage say `word`. */
  async words(stage: StageName, count: number, word: string): Promise<void> {
    const said = async () => (await this.read(stage, 'word')).filter((text) => text === word).length;
    await expect.poll(said, { message: `${count} tabs of "${stage}" say "${word}"`, timeout: 30_000 }).toBe(count);
  }

  async generations(): Promise<number[]> {
    return (await this.read('together', 'token')).map((text) => Number(/\d+/.exec(text)?.[0] ?? 0));
  }

  /** Name of the tab that wears the crown. */
  async leader(): Promise<string> {
    const crowned = () => Promise.all(this.frames('together').map((frame) => frame.locator('.tile[data-leader] [data-part="name"]').allTextContents()));
    await expect.poll(async () => (await crowned()).flat().length, { message: 'one crown' }).toBe(1);
    return (await crowned()).flat()[0] ?? '';
  }

  /** Waits for the next expiry of the stage to begin and to be answered in full; resolves with the server's count. */
  async nextExpiry(stage: StageName) {
    const { expiry } = this.tally(stage);
    const done = () => {
      const tally = this.tally(stage);
      return tally.expiry > expiry && tally.answered >= tally.requests;
    };
    await expect.poll(done, { timeout: 30_000 }).toBe(true);
    return this.tally(stage);
  }

  async act(name: string): Promise<void> {
    const button = this.page.locator(`[data-act="${name}"]`);
    if (!(await button.isVisible())) await this.page.getByText('More ways to break it').click();
    await button.click();
  }

  outcome() {
    return this.page.locator('[data-part="outcome"]');
  }
}

test('one expiry: 6 requests and 5 thrown out beside 1 request and 0, and the left signs in again by itself', async ({ stages, page }) => {
  await Promise.all([stages.nextExpiry('each'), stages.nextExpiry('together')]);
  await stages.words('each', 5, 'thrown out');
  expect(stages.tally('each')).toMatchObject({ requests: 6, thrownOut: 5 });
  expect(stages.tally('together')).toMatchObject({ requests: 1, thrownOut: 0 });
  const shown = (stage: StageName) => page.locator(`[data-part="score-${stage}"]`);
  await expect(shown('each')).toContainText(/6\s*requests\s*5\s*thrown out/);
  await expect(shown('together')).toContainText(/1\s*request\s*0\s*thrown out/);
  await expect(page.locator('[data-part="announce"]')).toHaveText(/6 requests, 5 thrown out.*1 request, 0 thrown out/);
  await stages.words('together', 6, 'signed in');
  expect(new Set(await stages.generations()).size).toBe(1);
  await stages.words('each', 6, 'signed in');
});

test('both stages come to their expiry together', async ({ stages, demo }) => {
  await stages.nextExpiry('each');
  await stages.nextExpiry('each');
  const arrivals = demo.log().filter((line) => line.phase === 'arrived' && line.route === 'refresh' && line.reason !== 'startup');
  const last = (stage: StageName) => arrivals.findLast((line) => line.stage === stage)?.at ?? 0;
  expect(Math.abs(last('each') - last('together'))).toBeLessThan(1_000);
});

test('Kill the leader: five are green again, with at most two requests and nobody thrown out', async ({ stages, page }) => {
  const before = Math.max(...(await stages.generations()));
  const leader = await stages.leader();
  await page.getByRole('button', { name: 'Kill the leader' }).click();
  const verdict = page.locator('[data-part="verdict"]');
  await expect(verdict).toContainText(`${leader} was closed while the server held its reply`, { timeout: 20_000 });
  expect(stages.frames('together')).toHaveLength(5);
  await expect(verdict).toContainText(/other five were green again after [\d.]+ s\. [12] requests?, 0 thrown out/);
  expect(Math.min(...(await stages.generations()))).toBeGreaterThan(before);
  expect(stages.tally('together')).toMatchObject({ thrownOut: 0 });
  expect(stages.tally('together').requests).toBeLessThanOrEqual(2);
  const watch = page.locator('[data-part="watch"]');
  await expect(watch).toHaveAttribute('data-state', 'stopped');
  expect(Number.parseFloat((await watch.textContent()) ?? '')).toBeGreaterThan(0);
  await stages.words('together', 6, 'signed in');
  await expect(page.getByRole('button', { name: 'Kill the leader' })).toBeEnabled();
});

test('Kill the leader works again at once, with the next leader', async ({ stages, page }) => {
  const button = page.getByRole('button', { name: 'Kill the leader' });
  const verdict = page.locator('[data-part="verdict"]');
  const killed = async (): Promise<string> => {
    const leader = await stages.leader();
    await button.click();
    await expect(verdict).toHaveText(new RegExp(`^${leader} is gone; the other five were green again after`), { timeout: 15_000 });
    await expect(button).toBeEnabled();
    return leader;
  };
  const first = await killed();
  // Out of use for a while it has lost the focus: whoever uses the keyboard gets it back.
  await expect(button).toBeFocused();
  expect(await killed()).not.toBe(first);
  await stages.words('together', 6, 'signed in');
});

test('Expire everywhere: the left is thrown out, the right refreshes once', async ({ stages }) => {
  const before = Math.max(...(await stages.generations()));
  await stages.act('expire');
  await expect(stages.outcome()).toHaveText('Right: six green with 1 request.');
  expect(Math.min(...(await stages.generations()))).toBeGreaterThan(before);
  expect(stages.tally('together')).toMatchObject({ requests: 1, thrownOut: 0 });
  await expect.poll(() => stages.tally('each')).toMatchObject({ requests: 6, thrownOut: 5 });
});

test('50 API calls at once, all refused: one refresh, 50 answers, twice in a row', async ({ stages, demo }) => {
  await stages.act('burst');
  await expect(stages.outcome()).toHaveText('50 of 50 calls were answered, with 1 refresh request.');
  const seen = demo.log().length;
  await stages.act('burst');
  await expect(stages.outcome()).toContainText('waiting for the next expiry');
  await expect(stages.outcome()).toHaveText('50 of 50 calls were answered, with 1 refresh request.', { timeout: 30_000 });
  const api = demo.log().slice(seen).filter((line) => line.route === 'api' && line.stage === 'together');
  const answered = (status: number) => api.filter((line) => line.phase === 'answered' && line.status === status).length;
  expect(answered(200)).toBeGreaterThanOrEqual(50);
  expect(answered(401)).toBeGreaterThan(0);
  expect(stages.tally('together')).toMatchObject({ requests: 1, thrownOut: 0 });
});

test('Lose the next reply: all six are green again, nobody is thrown out', async ({ stages, demo }) => {
  await stages.act('lose');
  await expect(stages.outcome()).toHaveText(/All six were green again after [\d.]+ s, with [23] requests\./, { timeout: 30_000 });
  expect(demo.log().findLast((line) => line.phase === 'lost')).toMatchObject({ how: 'dropped' });
  expect(stages.tally('together').thrownOut).toBe(0);
});

test('Hang: the refresh that never answers is survived with one more request', async ({ stages, demo }) => {
  await stages.act('hang');
  await expect(stages.outcome()).toHaveText(/All six were green again after [\d.]+ s, with [23] requests\./, { timeout: 45_000 });
  expect(demo.log().findLast((line) => line.phase === 'lost')).toMatchObject({ how: 'hung' });
  expect(stages.tally('together').thrownOut).toBe(0);
});

test('Offline: nobody is signed out, and the tabs are green again after it', async ({ stages, page }) => {
  await stages.act('offline');
  const button = page.locator('[data-act="offline"]');
  await expect(button).toHaveText('Go online');
  await expect.poll(() => stages.read('together', 'word'), { timeout: 30_000 }).not.toContain('signed in');
  const words = await stages.read('together', 'word');
  expect(words.filter((word) => word === 'signed out' || word === 'thrown out')).toEqual([]);
  await button.click();
  await expect(button).toHaveText('Offline');
  await stages.words('together', 6, 'signed in');
  expect(stages.tally('together').thrownOut).toBe(0);
});

test('Sign out everywhere reaches every tab, a real one too, and so does signing in again', async ({ stages, page, context }) => {
  const opened = context.waitForEvent('page');
  await stages.act('tab');
  const tab = await opened;
  const headline = tab.locator('[data-part="headline"]');
  await expect(headline).toHaveText(/^Signed in/);
  await expect(tab.locator('[data-part="snapshot"]')).toContainText('generation');
  expect(await tab.locator('body').innerText()).not.toMatch(/eyJ/);
  await page.bringToFront();
  await stages.act('sign-out');
  await stages.words('together', 6, 'signed out');
  await expect(headline).toHaveText(/over|Nobody/);
  await expect(page.locator('[data-act="sign-out"]')).toHaveText('Sign in again');
  await stages.act('sign-out');
  await stages.words('together', 6, 'signed in');
  await expect(headline).toHaveText(/^Signed in/);
  await tab.close();
});

test('a real tab calls the API through ky and sees the same generation', async ({ stages, context }) => {
  const opened = context.waitForEvent('page');
  await stages.act('tab');
  const tab = await opened;
  await expect(tab.locator('[data-part="headline"]')).toHaveText(/^Signed in/);
  await tab.getByRole('button', { name: 'Call the API' }).click();
  await expect(tab.locator('[data-part="outcome"]')).toHaveText(/GET \/api\/me: \{"name":"Ada","generation":\d+\}/);
  await tab.close();
});

test('Pause: no tab asks for anything until it is over', async ({ stages, page }) => {
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.locator('[data-part="ring-caption"]')).toHaveText(/^paused/);
  const { expiry } = stages.tally('each');
  // The right stage's leader keeps its token fresh: two expiries have then passed on the left without a word.
  await stages.nextExpiry('together');
  await stages.nextExpiry('together');
  expect(stages.tally('each').expiry).toBe(expiry);
  await page.getByRole('button', { name: 'Pause' }).click();
  await stages.nextExpiry('each');
});

test('phone width: nothing scrolls sideways, and the button is in reach', async ({ page, demo }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const stages = new Stages(page, demo);
  await stages.open();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  await expect(page.getByRole('button', { name: 'Kill the leader' })).toBeInViewport({ ratio: 1 });
  for (const stage of ['each', 'together']) await expect(page.locator(`[data-stage="${stage}"]`)).toBeInViewport({ ratio: 0.9 });
  await page.setViewportSize({ width: 360, height: 780 });
  const [tile] = stages.frames('together');
  const overlong = await tile!.evaluate(() => {
    document.querySelector('[data-part="word"]')!.textContent = 'trying again';
    return [...document.querySelectorAll('.word, .sign')].filter((shown) => shown.getBoundingClientRect().right > innerWidth - 4).length;
  });
  expect(overlong, 'words or signs that a tile of a small phone cuts off').toBe(0);
});

test('the server stops: the page says so, and so does a button', async ({ page }) => {
  const demo = await startDemo();
  await page.goto(demo.url);
  const kill = page.getByRole('button', { name: 'Kill the leader' });
  await expect(page.locator('[data-part="ring-caption"]')).toHaveText(/tokens expire/);
  await demo.close();
  await expect(page.locator('.tagline [role="status"]')).toHaveText(/server is gone/);
  await kill.click();
  await expect(page.locator('[data-part="verdict"]')).toHaveText('The server does not answer. Start it again.');
  await expect(kill).toBeEnabled();
});
