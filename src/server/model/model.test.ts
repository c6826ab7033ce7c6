import { describe, expect, it } from 'vitest';
import { browser, browserWorld } from './browser-world.js';
import { traceLines } from './report.js';
import { BOUNDS } from './runs.js';
import { search } from './search.js';
import { thief, thiefWorld } from './thief-world.js';
import { importModel } from '../../../scripts/model-bundle.mjs';

const { runs } = await importModel<typeof import('./runs.js')>('runs');
const suite = runs.filter((run) => run.size === 'suite');

describe('the rotation, exhaustively', () => {
  it.each(suite.filter((run) => run.expects === 'holds'))('$name', { timeout: 120_000 }, ({ run }) => {
    const result = run();
    expect(result.finding).toBeNull();
    expect(result.exhaustive).toBe(true);
    expect(result.states).toBeGreaterThan(100);
  });
});

describe('negative controls', () => {
  it.each(suite.filter((run) => run.expects === 'refuted'))('$name', { timeout: 120_000 }, ({ run }) => {
    const { finding } = run();
    expect(finding).not.toBeNull();
    expect(finding?.trace).not.toContain('a step that could not be walked again');
  });
});

describe('the bounds are sharp', () => {
  it.each([
    ['whole profile', { loot: 'profile', bound: BOUNDS.idle(thief.L) - 1 }],
    ['unresolved', { loot: 'unresolved', bound: BOUNDS.unresolved(thief.L) - 1 }],
    ['caught', { loot: 'unresolved', lives: 2, bound: BOUNDS.caught(thief.L) - 1 }],
  ] as const)('%s: one unit less is refuted', (_, config) => {
    expect(search(thiefWorld({ ...thief, ...config }), 1e6).finding).not.toBeNull();
  });
});

describe('the model itself', () => {
  it('reaches every decision an honest browser can get', () => {
    const seen = new Set<string>();
    const present: typeof browser.present = (...args) => {
      const verdict = browser.present(...args);
      seen.add(verdict.sendCookie ? `${verdict.decision} with a cookie` : verdict.decision);
      return verdict;
    };
    search(browserWorld({ ...browser, rollbacks: 1, present }), 1e6);
    expect([...seen].sort()).toEqual(['coalesced', 'healed', 'raced', 'replayed with a cookie', 'rotated with a cookie', 'spent', 'spent with a cookie']);
  }, 60_000);
  it('says so when it was cut off', () => {
    expect(search(browserWorld(browser), 100)).toMatchObject({ exhaustive: false, finding: null });
  });
  it('tells a counterexample as a story, names kept from the first line to the last', () => {
    const { finding } = search(browserWorld({ ...browser, ledgers: 2 }), 1e6);
    expect(traceLines(finding?.violation ?? '', finding?.trace ?? [])).toEqual([
      '+3  a tab sends cookie T0 with ledger 1',
      '+1  the request with cookie T0 and [A] arrives 4+ unit(s) after the last rotation → rotated',
      '+2  a tab sends cookie T0 with ledger 2',
      '+1  the request with cookie T0 and [B] arrives 3 unit(s) after the last rotation → reuse',
      '    ⇒ an honest browser was signed out (reuse)',
    ]);
  });
});
