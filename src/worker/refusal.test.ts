import { describe, expect, it } from 'vitest';
import { TabatonError } from '../core/errors.js';
import { refusalOf } from './refusal.js';

const request = (headers: Record<string, string> = {}) => new Request('https://app.example/api', { headers });

describe('what a page without SDK code is answered', () => {
  it('401 when the session has ended, in the words of RFC 6750', async () => {
    const answer = refusalOf(new TabatonError('session_ended', 'x'), request(), 0);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('WWW-Authenticate')).toContain('error="invalid_token"');
    expect(await answer.json()).toMatchObject({ error: 'session_ended' });
  });

  it('503 with Retry-After in seconds while the endpoint rests', () => {
    const answer = refusalOf(new TabatonError('refresh_unavailable', 'x', { retryAt: 10_500 }), request(), 1_000);
    expect([answer.status, answer.headers.get('Retry-After')]).toEqual([503, '10']);
    expect(refusalOf(new TabatonError('refresh_timeout', 'x'), request(), 1_000).headers.get('Retry-After')).toBe('1');
  });

  it('a network error for an EventSource, which comes back after one', () => {
    expect(refusalOf(new TabatonError('refresh_timeout', 'x'), request({ Accept: 'text/event-stream' }), 0).type).toBe('error');
  });

  it('what is none of ours is thrown on: an abort, a dead network', () => {
    const abort = new DOMException('x', 'AbortError');
    expect(() => refusalOf(abort, request(), 0)).toThrow(abort);
  });
});
