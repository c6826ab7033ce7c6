import { describe, expect, it } from 'vitest';
import type { Clock } from './clock.js';
import { StrictEndpoint } from './strict.js';

function fakeClock(): Clock & { at: number } {
  const clock = { at: 1_000_000, now: () => clock.at, after: () => () => undefined };
  return clock;
}

describe('the strict endpoint', () => {
  it('accepts a refresh credential once and refuses it ever after', () => {
    const strict = new StrictEndpoint(fakeClock(), 10_000);
    const { credential } = strict.signIn();
    const answers = Array.from({ length: 6 }, () => strict.refresh(credential).kind);
    expect(answers).toEqual(['granted', 'refused', 'refused', 'refused', 'refused', 'refused']);
  });

  it('keeps the winner signed in: its new credential works', () => {
    const strict = new StrictEndpoint(fakeClock(), 10_000);
    const { credential } = strict.signIn();
    const won = strict.refresh(credential);
    strict.refresh(credential);
    expect(won.kind === 'granted' && strict.refresh(won.grant.credential).kind).toBe('granted');
  });

  it('lets a token end when asked to, within bounds', () => {
    const clock = fakeClock();
    const strict = new StrictEndpoint(clock, 10_000);
    expect(strict.signIn(clock.at + 7_000).expiresAt).toBe(clock.at + 7_000);
    expect(strict.signIn(clock.at + 999_000).expiresAt).toBe(clock.at + 10_000);
    expect(strict.signIn(clock.at - 1).expiresAt).toBe(clock.at + 10_000);
  });

  it('accepts an access token until it ends or all are expired', () => {
    const clock = fakeClock();
    const strict = new StrictEndpoint(clock, 10_000);
    const first = strict.signIn();
    const second = strict.signIn();
    clock.at += 9_999;
    expect(strict.accepts(first.accessToken)).toBe(true);
    strict.expireTokens();
    expect(strict.accepts(second.accessToken)).toBe(false);
    const third = strict.signIn();
    clock.at += 10_000;
    expect(strict.accepts(third.accessToken)).toBe(false);
  });

  it('knows no credential it did not issue', () => {
    const strict = new StrictEndpoint(fakeClock(), 10_000);
    expect(strict.refresh(undefined).kind).toBe('refused');
    expect(strict.refresh('made-up').kind).toBe('refused');
  });
});
