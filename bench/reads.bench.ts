/** What a fresh read costs, beside a bare async function that returns a cached string, in the same page. */
import { expect, test } from '../e2e/harness/fixtures.js';
import { report, sample, show } from './ratio.js';

test('a fresh getToken() within 1.2 × of a bare async function', async ({ origin }) => {
  const [tab] = await origin.signedIn(1);
  await tab!.run('expose');
  const runs = await tab!.page.evaluate(async () => {
    const { session } = globalThis as unknown as { session: { getToken(): Promise<string>; peek(): string | undefined; isExpiring(): boolean } };
    const cached = session.peek()!;
    const bare = { getToken: async () => cached };
    const COUNT = 200_000;
    /** Called alike: as a method, through the same closure. */
    const time = async (peer: { getToken(): Promise<string> }) => {
      const start = performance.now();
      for (let i = 0; i < COUNT; i += 1) await peer.getToken();
      return ((performance.now() - start) / COUNT) * 1e6;
    };
    const sync = (read: () => unknown) => {
      const start = performance.now();
      for (let i = 0; i < COUNT; i += 1) read();
      return ((performance.now() - start) / COUNT) * 1e6;
    };
    const out = { bare: [] as number[], token: [] as number[], peek: [] as number[], expiring: [] as number[] };
    for (let round = 0; round < 43; round += 1) {
      const order = round % 2 ? (['bare', 'token'] as const) : (['token', 'bare'] as const);
      for (const which of order) out[which].push(await time(which === 'bare' ? bare : session));
      out.peek.push(sync(() => session.peek()));
      out.expiring.push(sync(() => session.isExpiring()));
    }
    return { ...out, bare: out.bare.slice(3), token: out.token.slice(3) };
  });
  const [bare, token] = [sample(runs.bare), sample(runs.token)];
  // Each round against the bare function of the same round: what the machine does meanwhile hits both.
  const ratio = sample(runs.token.map((ns, round) => ns / runs.bare[round]!)).median;
  report('fresh getToken()', `${ratio.toFixed(2)} × (${show(token, 'ns', 0)} against ${show(bare, 'ns', 0)} bare); peek ${show(sample(runs.peek), 'ns', 0)}, isExpiring ${show(sample(runs.expiring), 'ns', 0)}`, '1.2 ×', ratio <= 1.2);
  expect(ratio).toBeLessThanOrEqual(1.2);
});
