import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { evaluate, type Series } from '../testing/promql.js';
import { readRules } from '../testing/rules-file.js';
import { createMetrics } from './metrics.js';

const rules = readRules(readFileSync(new URL('../../../ops/alerts.yml', import.meta.url), 'utf8'));
const MINUTE = 60_000;
const DAY = 86_400_000;
const NOW = 2 * DAY;

/** A counter that grows by so many a minute, and at another pace from `since` on. */
const counter = (name: string, perMinute: number, labels: Record<string, string> = {}, then?: { since: number; perMinute: number }): Series => ({
  name,
  labels,
  at: (time) => (perMinute * Math.min(time, then?.since ?? time) + (then ? then.perMinute * Math.max(0, time - then.since) : 0)) / MINUTE,
});
const step = (name: string, time: number, labels: Record<string, string> = {}): Series => ({ name, labels, at: (at) => (at >= time ? 1 : 0) });

/** True when the rule fires: its expression has had a result at each look for as long as `for` says. */
function fires(alert: string, series: Series[], scrapeMs: number, at = NOW): boolean {
  const rule = rules.find((one) => one.alert === alert)!;
  for (let time = at - rule.forMs; time <= at; time += 30_000) if (evaluate(rule.expr, series, time, scrapeMs) === undefined) return false;
  return true;
}

const failure = (perMinute: number, error_code = 'store_unavailable', then?: { since: number; perMinute: number }) =>
  counter('refresh_failures_total', perMinute, { error_code, client_type: 'web' }, then);
const total = (perMinute: number, outcome = 'rotated', then?: { since: number; perMinute: number }) =>
  counter('refresh_total', perMinute, { outcome, client_type: 'web' }, then);
const conflict = (perMinute: number, kind = 'raced') => counter('refresh_conflicts_total', perMinute, { kind, client_type: 'web' });
const waits = (perMinute: number) => counter('lock_wait_timeouts_total', perMinute);

describe('alert rules', () => {
  test('are these', () => {
    expect(rules.map(({ alert, severity }) => [alert, severity])).toEqual([
      ['TabatonRefreshFailureRate', 'page'],
      ['TabatonRefreshFailures', 'warn'],
      ['TabatonRefreshConflicts', 'warn'],
      ['TabatonRefreshConflictsHigh', 'page'],
      ['TabatonLockWaits', 'warn'],
      ['TabatonRefreshSurge', 'warn'],
      ['TabatonReuseDetected', 'page'],
    ]);
    for (const { summary, action } of rules) expect([summary, action]).toEqual([expect.stringMatching(/\.$/), expect.stringMatching(/\.$/)]);
  });

  test('name metrics and labels that exist', () => {
    const text = createMetrics({ open: true }).text();
    for (const { expr } of rules) {
      for (const [, name] of expr.matchAll(/increase\((\w+)/g)) expect(text).toContain(`# TYPE ${name} counter`);
      for (const [, values] of expr.matchAll(/error_code!~"([^"]+)"/g)) for (const value of values!.split('|')) expect(text).toContain(`error_code="${value}"`);
    }
  });

  const cases: [alert: string, what: string, fires: boolean, series: Series[]][] = [
    ['TabatonRefreshFailureRate', '6 % fail', true, [total(100), failure(6)]],
    ['TabatonRefreshFailureRate', '4 % fail', false, [total(100), failure(4)]],
    ['TabatonRefreshFailureRate', 'half are visitors without a cookie', false, [total(100), failure(30, 'no_cookie'), failure(20, 'signed_out')]],
    ['TabatonRefreshFailureRate', 'nothing happens', false, [total(0), failure(0)]],
    ['TabatonRefreshFailureRate', 'it began 30 s ago', false, [total(100), failure(0, 'lock_timeout', { since: NOW - 30_000, perMinute: 20 })]],
    ['TabatonRefreshFailures', '6 a minute', true, [total(10_000), failure(6)]],
    ['TabatonRefreshFailures', '3 + 3 a minute of two kinds', true, [total(10_000), failure(3, 'upstream_timeout'), failure(3, 'lock_timeout')]],
    ['TabatonRefreshFailures', '5 a minute', false, [total(10_000), failure(5)]],
    ['TabatonRefreshConflicts', '6 a minute', true, [conflict(6)]],
    ['TabatonRefreshConflicts', '5 a minute', false, [conflict(5)]],
    ['TabatonRefreshConflictsHigh', '11 a minute of 10,000', true, [conflict(11), total(10_000)]],
    ['TabatonRefreshConflictsHigh', '9 a minute of 10,000', false, [conflict(9), total(10_000)]],
    ['TabatonRefreshConflictsHigh', '6 % of few', true, [conflict(3), total(50)]],
    ['TabatonRefreshConflictsHigh', '4 % of few', false, [conflict(2), total(50)]],
    ['TabatonLockWaits', '4 a minute', true, [waits(4)]],
    ['TabatonLockWaits', '3 a minute', false, [waits(3)]],
    ['TabatonRefreshSurge', 'four times yesterday', true, [total(100, 'rotated', { since: NOW - 3 * 60 * MINUTE, perMinute: 400 })]],
    ['TabatonRefreshSurge', 'twice yesterday', false, [total(100, 'rotated', { since: NOW - 3 * 60 * MINUTE, perMinute: 200 })]],
    ['TabatonRefreshSurge', 'the first day', false, [{ name: 'refresh_total', at: (time) => (time < NOW - DAY / 2 ? undefined : time / 10) }]],
    ['TabatonRefreshSurge', 'nothing yesterday', false, [total(0, 'rotated', { since: NOW - 3 * 60 * MINUTE, perMinute: 200 })]],
    ['TabatonReuseDetected', 'once, two minutes ago', true, [step('reuse_detected_total', NOW - 2 * MINUTE, { kind: 'older' })]],
    ['TabatonReuseDetected', 'once, an hour ago', false, [step('reuse_detected_total', NOW - 60 * MINUTE, { kind: 'older' })]],
    ['TabatonReuseDetected', 'never', false, [step('reuse_detected_total', NOW + 1, { kind: 'older' })]],
  ];
  test.each(cases)('%s, %s: %s', (alert, _, expected, series) => {
    expect(fires(alert, series, 15_000)).toBe(expected);
    // Prometheus's default.
    expect(fires(alert, series, MINUTE)).toBe(expected);
  });

  test('every rule has a series that makes it fire, and one that does not', () => {
    for (const { alert } of rules) expect([alert, new Set(cases.filter(([name]) => name === alert).map(([, , expected]) => expected)).size]).toEqual([alert, 2]);
  });

  test('a restart of the process is no negative increase', () => {
    const restarted: Series = { name: 'reuse_detected_total', at: (time) => (time < NOW - 2 * MINUTE ? 5 : 0) };
    expect(evaluate('sum(increase(reuse_detected_total[5m]))', [restarted], NOW)).toBe(0);
    expect(() => evaluate('avg(refresh_total)', [], NOW)).toThrow(/Not understood/);
  });
});
