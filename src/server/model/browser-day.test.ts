import { describe, expect, it } from 'vitest';
import { importModel } from '../../../scripts/model-bundle.mjs';

const { fair, HABITS, PEERS, rough, simulateDays } = await importModel<typeof import('./browser-day.js')>('browser-day');
const { lateReplayHasToken } = await importModel<typeof import('./variants.js')>('variants');

const DAYS = 60;

describe('browser days without a thief', () => {
  it.each([
    ['one tab, 1 % loss', { ...fair, loss: 0.01 }],
    ['one tab, lid closed mid-refresh', { ...fair, lid: 0.0005 }],
    ['three uncoordinated tabs', { ...fair, tabs: 3 }],
    ['three tabs, loss, lid, kills and resends', rough],
  ])('%s: no false logout, ever', { timeout: 60_000 }, (_, weather) => {
    expect(simulateDays(DAYS, weather)).toMatchObject({ days: DAYS, revoked: 0 });
  });
  it('has weather that signs people out elsewhere', { timeout: 60_000 }, () => {
    expect(simulateDays(DAYS, { ...fair, loss: 0.01 }, null, PEERS.strict).revoked).toBeGreaterThan(DAYS * 0.5);
    expect(simulateDays(DAYS, { ...fair, tabs: 3 }, null, PEERS.strict).revoked).toBeGreaterThan(DAYS * 0.9);
    expect(simulateDays(DAYS, rough, null, PEERS.grace).revoked).toBeGreaterThan(0);
  });
  it('is the same day for the same seed', () => {
    expect(simulateDays(3, rough, 'in step')).toEqual(simulateDays(3, rough, 'in step'));
    expect(simulateDays(20, rough, 'in step', undefined, 2)).not.toEqual(simulateDays(20, rough, 'in step'));
  });
});

describe('browser days with a thief', () => {
  it.each(HABITS.filter((habit) => habit !== 'one shot'))('%s: always found', { timeout: 60_000 }, (habit) => {
    const result = simulateDays(DAYS, rough, habit);
    expect(result.robbed).toBeGreaterThan(DAYS / 3);
    expect(result.undetected).toBe(0);
  });
  it('in step with the victim: two tokens at most on average', { timeout: 60_000 }, () => {
    expect(simulateDays(DAYS, rough, 'in step').tokens).toBeLessThan(2);
    expect(simulateDays(DAYS, fair, 'in step', PEERS.grace).undetected).toBeGreaterThan(DAYS * 0.9);
  });
  it('under attack the chain rule gives nothing away', { timeout: 60_000 }, () => {
    expect(simulateDays(DAYS, fair, 'chain').tokens).toBeLessThan(2);
  });
  it('one shot inside M or C is the accepted residue', { timeout: 60_000 }, () => {
    const { undetected, robbed, tokens } = simulateDays(DAYS, fair, 'one shot');
    expect(tokens).toBe(1);
    expect(undetected / robbed).toBeLessThan(0.25);
  });
  it('a late replay that carries a token would hide the thief of a sleeping victim', { timeout: 60_000 }, () => {
    for (const habit of ['sleeping victim, old cookie', 'sleeping victim, unresolved'] as const) {
      expect(simulateDays(20, fair, habit, lateReplayHasToken).undetected).toBe(20);
      expect(simulateDays(20, fair, habit).undetected).toBe(0);
    }
  });
});
