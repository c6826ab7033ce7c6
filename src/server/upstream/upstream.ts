/** What is behind the endpoint, as the mediator sees it: something that gives tokens for a refresh credential. */

/** The tokens of one grant. Kept sealed in the store; the access token alone ever leaves the server. */
export interface UpstreamTokens {
  /** What pages and services are given. */
  accessToken: string;
  /** Life of the access token in milliseconds; absent when the service does not say. */
  expiresInMs?: number;
  /** Absent in an answer: the one that was used stays valid. */
  refreshToken?: string;
  /** Life of the refresh token in milliseconds, when the service says so. */
  refreshExpiresInMs?: number;
  idToken?: string;
  /** Granted scopes, space-separated. */
  scope?: string;
}

/** Which access token is wanted of a refresh; both absent: the default one. */
export interface UpstreamWish {
  /** Space-separated. */
  scope?: string;
  /** Absolute URI (RFC 8707). */
  resource?: string;
}

export interface Upstream {
  /** @throws UpstreamError */
  refresh(tokens: UpstreamTokens, wish: UpstreamWish, signal: AbortSignal): Promise<UpstreamTokens>;
  /** Makes the grant worthless at the service (RFC 7009). @throws UpstreamError */
  revoke?(tokens: UpstreamTokens, signal: AbortSignal): Promise<void>;
}

/**
 * - `invalid_grant`: the refresh credential is dead; the only code that may end a session
 * - `invalid_client`, `invalid_scope`: the operator's problem, the session is kept
 * - `malformed`: an answer nobody can read
 * - `unavailable`, `timeout`: later
 */
export type UpstreamErrorCode = 'invalid_grant' | 'invalid_client' | 'invalid_scope' | 'malformed' | 'unavailable' | 'timeout';

/** Why an upstream gave no token. Never carries what the upstream wrote: it may repeat a credential. */
export class UpstreamError extends Error {
  /** What happened; `invalid_grant` alone ends a session. */
  readonly code: UpstreamErrorCode;
  /** Milliseconds, from `Retry-After`. */
  readonly retryAfterMs: number | undefined;
  constructor(code: UpstreamErrorCode, message: string, options: ErrorOptions & { retryAfterMs?: number } = {}) {
    super(message, options);
    this.name = 'UpstreamError';
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }
}
