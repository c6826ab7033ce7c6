import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { allowance, countOf, playwrightCount, vitestCount } from './steps.mjs';
import { tally } from './tally.mjs';

let folder;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tabaton-steps-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name, value) => {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(value));
  return file;
};

describe('counting', () => {
  it('a failing exit status outweighs a clean count', () => {
    expect(countOf({ name: 'a', count: () => ({ passed: 5, failed: 0, skipped: 0 }) }, 1)).toEqual({ passed: 5, failed: 1, skipped: 0 });
  });

  it('a run that ran nothing has failed', () => {
    expect(countOf({ name: 'a', count: () => ({ passed: 0, failed: 0, skipped: 0 }) }, 0).failed).toBe(1);
  });

  it('a missing report has failed', () => {
    expect(countOf({ name: 'a', count: () => vitestCount(join(folder, 'none.json')) }, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  it('a test file that does not load has failed', () => {
    const file = write('v.json', { numPassedTests: 3, numFailedTests: 0, numPendingTests: 1, numTodoTests: 1, testResults: [{ status: 'failed', assertionResults: [] }] });
    expect(vitestCount(file)).toEqual({ passed: 3, failed: 1, skipped: 2 });
  });

  it('a test that passed on a retry has failed, and so has a run that could not start', () => {
    expect(playwrightCount(write('p.json', { stats: { expected: 4, unexpected: 0, flaky: 1, skipped: 2 }, errors: [] }))).toEqual({ passed: 4, failed: 1, skipped: 2 });
    expect(playwrightCount(write('q.json', { stats: { expected: 0, unexpected: 0, flaky: 0, skipped: 0 }, errors: [{ message: 'no server' }] })).failed).toBe(1);
  });
});

describe('the closing line', () => {
  it('adds up, counts what was skipped as failed, and misses no planned step', () => {
    write('unit.json', { passed: 10, failed: 1, skipped: 2 });
    write('lint.json', { passed: 1, failed: 0, skipped: 0 });
    expect(tally(folder, ['unit', 'lint', 'e2e'])).toEqual({
      passed: 11,
      failed: 4,
      remarks: [expect.stringContaining('unit: 1 failed, 2 skipped'), expect.stringContaining('e2e: left no report')],
    });
  });
});

describe('time', () => {
  it('a step gets its own minutes, or what is left of the whole', () => {
    expect(allowance(2, 0, undefined)).toBe(120_000);
    expect(allowance(2, 0, '300')).toBe(120_000);
    expect(allowance(2, 240_000, '300')).toBe(60_000);
    expect(allowance(2, 400_000, '300')).toBe(1_000);
  });
});
