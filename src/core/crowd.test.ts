/** Many contexts that ask at once: who answers them, and what they do to each other. */
import { describe, expect, it } from 'vitest';
import type { VirtualRequest, VirtualResponse } from '../testing/index.js';
import { full, tabs } from './testing/tabs.js';

const EXPIRY = 600_000;

describe('a context that asks', () => {
  it('is answered by one of fifty, and so are twenty that come together', async () => {
    const stage = tabs();
    await stage.active(50);
    for (const newcomers of [1, 20]) {
      const before = stage.origin.messages.length;
      const opened = Array.from({ length: newcomers }, () => stage.open());
      expect(await stage.origin.until(() => opened.every(({ session }) => session.peek()))).toBe(true);
      await stage.origin.advance(1_000);
      const answers = stage.origin.messages.slice(before).filter(({ message }) => message.type === 'TOKEN');
      // Without a leader the first of fifty to speak needs a moment to be heard by the rest.
      expect(answers.length).toBeGreaterThan(0);
      expect(answers.length).toBeLessThanOrEqual(10);
    }
    expect(stage.refreshes()).toHaveLength(1);
  });
});

describe('where messages carry no tokens', () => {
  it('nobody waits for one: thirty contexts are served one after the other, each by the endpoint', async () => {
    const { origin, open, watch } = tabs({ server: (request) => full(request, origin.now() < EXPIRY ? 1 : 2, { outcome: 'cached' }) });
    const thirty = Array.from({ length: 30 }, () => {
      const context = origin.context();
      Object.assign(context.ports.channel, { carriesTokens: false });
      return open({}, context);
    });
    expect(await origin.until(() => thirty.every(({ session }) => session.peek()), 20_000)).toBe(true);
    await origin.advance(EXPIRY);
    const calls = thirty.map(({ session }) => watch(session.getToken()));
    await origin.advance(5_000);
    expect(calls.map(({ value }) => value)).toEqual(Array(30).fill('token-2'));
  });
});

describe('contexts that do not see each other’s lock, because site data were cleared between them', () => {
  /** The first answers, so that the ledger knows a full endpoint; then three ask at once. */
  const threeLocks = async (seed: number, answers: (request: VirtualRequest) => VirtualResponse) => {
    let server = (request: VirtualRequest) => full(request, 1);
    const { origin, active, open, outcome, refreshes } = tabs({ seed, server: (request) => server(request) });
    await active(1);
    const three = ['p1', 'p2', 'p3'].map((partition) => {
      const context = origin.context();
      Object.assign(context.ports, { locks: origin.context('page', { partition }).ports.locks });
      return open({}, context);
    });
    await origin.until(() => three.every(({ session }) => session.peek()));
    await origin.advance(1_000);
    server = answers;
    const before = refreshes().length;
    const outcomes = await Promise.all(three.map(({ session }) => outcome(session.refresh())));
    await origin.advance(30_000);
    return { outcomes, requests: refreshes().length - before };
  };
  const seeds = Array.from({ length: 8 }, (_, n) => n + 1);

  it.each(seeds)('do not fence each other off for ever: each is served (seed %i)', async (seed) => {
    let minted = 1;
    const { outcomes, requests } = await threeLocks(seed, (request) => full(request, ++minted));
    expect(new Set(outcomes.map(({ value }) => value)).size).toBe(1);
    expect(outcomes[0]!.value).toMatch(/^token-/);
    expect(requests).toBeLessThanOrEqual(6);
  });

  it.each(seeds)('learn that nobody is signed in with three requests each at most (seed %i)', async (seed) => {
    const { outcomes, requests } = await threeLocks(seed, () => ({ status: 400, json: { error: 'invalid_grant', reason: 'no_cookie', session: 'none' } }));
    expect(outcomes.map(({ error }) => error?.code)).toEqual(['anonymous', 'anonymous', 'anonymous']);
    expect(requests).toBeLessThanOrEqual(9);
  });
});
