/** An answer before it is sent: status, body and cookies, which are independent of each other. */
import type { ClientKind } from '../config/clients.js';
import type { EndedReason, ErrorAnswer, WireError, WireReason } from '../../contract/wire.js';

export interface Draft {
  status: number;
  body: object | null;
  /** Complete `Set-Cookie` values. */
  cookies: string[];
  headers: Record<string, string>;
  /** Whose session it is about, for metrics. */
  client?: ClientKind;
  /** Instead of JSON. */
  html?: string;
  /** Instead of JSON: an event stream. */
  stream?: ReadableStream<Uint8Array>;
}

export function ok(body: object, cookies: string[] = []): Draft {
  return { status: 200, body, cookies, headers: {} };
}

export function refusal(
  status: number,
  error: WireError,
  reason: WireReason,
  description: string,
  more: { retryAfterMs?: number; attemptSettled?: string; gen?: number } = {},
): Draft {
  const seconds = more.retryAfterMs === undefined ? undefined : Math.max(1, Math.ceil(more.retryAfterMs / 1_000));
  const body: ErrorAnswer = {
    error,
    reason,
    session: 'intact',
    error_description: description,
    gen: more.gen,
    retry_after: seconds,
    attempt_settled: more.attemptSettled,
  };
  return { status, body, cookies: [], headers: seconds === undefined ? {} : { 'Retry-After': String(seconds) } };
}

export const malformed = (description: string): Draft => refusal(400, 'invalid_request', 'malformed', description);

export const slowBody = (): Draft => refusal(408, 'invalid_request', 'malformed', 'The body did not arrive in time. Send the request again.');

export const versionConflict = (gen: number): Draft =>
  refusal(409, 'temporarily_unavailable', 'version_conflict', 'There is a newer token than the one you hold. If you do not have it, ask again.', {
    gen,
    retryAfterMs: 1_000,
  });

export const slowDown = (description: string, retryAfterMs: number): Draft =>
  refusal(429, 'slow_down', 'rate_limited', description, { retryAfterMs });

export const storeDown = (): Draft =>
  refusal(503, 'temporarily_unavailable', 'store_unavailable', 'The session store does not answer. Retry with the same attempt id.', {
    retryAfterMs: 1_000,
  });

export const unexpected = (): Draft =>
  refusal(500, 'server_error', 'unexpected', 'The endpoint failed. Its log says why; the session is kept.');

/** The one answer that signs a user out, and only this session. */
export function ended(reason: EndedReason, sid: string, cookies: string[]): Draft {
  const body: ErrorAnswer = { error: 'invalid_grant', reason, session: 'ended', sid, error_description: WHY[reason] };
  return { status: 400, body, cookies, headers: {} };
}

/** No cookie came along: this says nothing about any session. */
export function nobody(cookies: string[]): Draft {
  const body: ErrorAnswer = {
    error: 'invalid_grant',
    reason: 'no_cookie',
    session: 'none',
    error_description: 'The request carried no session cookie. Sign in first.',
  };
  return { status: 400, body, cookies, headers: {} };
}

const WHY: Readonly<Record<EndedReason, string>> = {
  no_session: 'This session is not known here any more. Sign in again.',
  expired: 'The session has reached its longest lifetime. Sign in again.',
  idle: 'The session was unused for too long. Sign in again.',
  revoked: 'The session was revoked. Sign in again.',
  reuse_detected: 'An old cookie of this session was used: it may have been copied. The session was ended. Sign in again.',
  signed_out: 'The session was signed out.',
  upstream_invalid_grant: 'The identity provider ended the session. Sign in again.',
};
