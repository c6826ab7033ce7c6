/**
 * A refresh whose attempt id is on disk already goes out while its hold is being written, and the others hear of the token
 * while the ledger writes it down. Whatever dies in one of these moments costs nobody the session.
 *
 *   ledger    next: X ─────────── reads ── writes hold, attempt X ──┤      reads ── writes generation ──┤
 *   holder              lock ───────┴ POST X ───────────── 200 ────────────────┴ TOKEN
 */
import { describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../core/record.js';
import { stage } from './testing/stage.js';

const setting = async (options?: Parameters<typeof stage>[0]) => {
  const on = await stage({ lifetime: 30_000, ...options });
  // The login is long enough ago that the first request rotates, and prepares the next one.
  await on.origin.advance(37_000);
  const attempt = (nth: number) => (on.refreshes().at(nth)!.request.call as { attempt: string }).attempt;
  return {
    ...on,
    attempt,
    record: () => on.origin.ledger().peek() as LedgerRecord,
    /** The next expiry, up to the moment in which the request goes out. */
    async leaves(session: { getToken(): Promise<string> }) {
      await on.origin.advance(37_000);
      const before = on.refreshes().length;
      const token = session.getToken();
      token.catch(() => {});
      await on.flight(before + 1);
      return { token };
    },
  };
};

describe('the request goes out before its hold is written', () => {
  it('only under an id that is on disk: the first of a ledger waits for it', async () => {
    const { open, origin, record, attempt, flight } = await setting();
    open({ level: 'full' });
    await flight(1);
    expect(record()).toMatchObject({ attempt: attempt(0), hold: { by: expect.stringMatching(/./) } });
    await origin.advance(1_000);
    expect(record()).toMatchObject({ next: expect.stringMatching(/^[\w-]{22}$/), attempt: undefined });
  });

  it('and the id that was waited for outlives a killed browser', async () => {
    const { open, origin, record, attempt, flight } = await setting();
    origin.conditions.flushDelay = 600_000;
    open({ level: 'full' });
    await flight(1);
    origin.killBrowser();
    expect(record().attempt).toBe(attempt(0));
  });

  it('under the id that the refresh before it prepared', async () => {
    const { tabs, record, attempt, leaves, settle } = await setting();
    const [a] = await tabs(1);
    const { next } = record();
    const { token } = await leaves(a!.session);
    expect([attempt(-1), record().hold.by]).toEqual([next, '']);
    await settle(token);
    expect(record().winners[0]).toBe(next);
  });

  it('not where the endpoint cannot replay: there a successor has to know of an orphan', async () => {
    const { tabs, record, leaves } = await setting({ plain: true });
    const [a] = await tabs(1);
    await leaves(a!.session);
    expect(record().hold.by).not.toBe('');
  });

  it('a tab that crashes there is replayed: its successor presents the same id', async () => {
    const { tabs, record, attempt, leaves, settle, answers, alive } = await setting();
    const [a, b] = await tabs(2);
    await leaves(a!.session);
    expect(record().hold.by).toBe('');
    a!.context.crash();
    expect((await settle(b!.session.getToken())).value).toBeTruthy();
    expect(attempt(-1)).toBe(attempt(-2));
    expect(answers.at(-1)!.json['outcome']).toBe('replayed');
    expect(alive()).toHaveLength(1);
  });

  it('a browser that is killed there knows the id when it comes back, however late', async () => {
    const { tabs, open, origin, leaves, settle, attempt, refreshes, alive } = await setting();
    let [tab] = await tabs(1);
    // Neither cookie nor ledger comes to disk by itself.
    origin.conditions.flushDelay = 600_000;
    for (let round = 0; round < 3; round++) {
      await leaves(tab!.session);
      const [lost, sent] = [attempt(-1), refreshes().length];
      origin.killBrowser();
      // Longer than the endpoint tolerates a cookie of which it does not know why it is late.
      await origin.advance(60_000);
      tab = open();
      expect((await settle(tab.session.getToken())).value).toBeTruthy();
      expect(attempt(sent)).toBe(lost);
      expect(alive()).toHaveLength(1);
    }
  });
});

it('the others have the token while the ledger writes it down, and nobody asks again', async () => {
  const { tabs, origin, record, leaves, refreshes } = await setting();
  const [a, b] = await tabs(2);
  origin.conditions.ledgerDelay = [40, 40];
  const known = record().tokens['|']!.generation;
  await leaves(a!.session);
  const waits = b!.session.getToken();
  const asked = refreshes().length;
  expect(await origin.until(() => b!.session.peek() !== undefined, 5_000)).toBe(true);
  expect(record().tokens['|']!.generation).toBe(known);
  await waits;
  await origin.advance(5_000);
  expect(record().tokens['|']!.generation).toBe(known + 1);
  expect(refreshes()).toHaveLength(asked);
});
