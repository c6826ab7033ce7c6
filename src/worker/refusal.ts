/**
 * What a page gets when no token can be had. It asked with plain `fetch`, so it is answered in HTTP:
 * a rejected promise would look like a dead network, and a request without a token like a visitor's.
 */
import { isTabatonError } from '../core/errors.js';

const answer = (status: number, code: string, headers: Record<string, string>): Response =>
  new Response(JSON.stringify({ error: code, by: 'tabaton service worker' }), {
    status,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers },
  });

export const refusalOf = (error: unknown, request: Request, now: number): Response => {
  if (!isTabatonError(error)) throw error;
  if (error.code === 'session_ended') return answer(401, error.code, { 'WWW-Authenticate': 'Bearer error="invalid_token", error_description="the session has ended"' });
  // An EventSource gives up for good on any status; after a network error it comes back by itself.
  if (request.headers.get('Accept') === 'text/event-stream') return Response.error();
  return answer(503, error.code, { 'Retry-After': String(Math.max(1, Math.ceil(((error.retryAt ?? now) - now) / 1000))) });
};
