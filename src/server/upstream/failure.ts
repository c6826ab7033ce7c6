/** Sorts what went wrong at a provider into the few cases that matter. The texts never repeat the provider's. */
import {
  AuthorizationResponseError,
  OperationProcessingError,
  ResponseBodyError,
  UnsupportedOperationError,
  WWWAuthenticateChallengeError,
} from 'oauth4webapi';
import { UpstreamError, type UpstreamErrorCode } from './upstream.js';

/** An outage says so by its status; its body is not worth reading. */
export function refuseOutage(response: Response, now: number): void {
  const { status } = response;
  if (status < 500 && status !== 429 && status !== 408 && status !== 425) return;
  throw new UpstreamError('unavailable', `The provider answered ${status}.`, {
    retryAfterMs: retryAfter(response.headers.get('Retry-After'), now),
  });
}

export function upstreamFailure(error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error;
  if (error instanceof ResponseBodyError) {
    return new UpstreamError(BY_CODE[error.error] ?? 'invalid_client', `The provider refused with ${known(error.error)}.`);
  }
  if (error instanceof AuthorizationResponseError) {
    const denied = error.error === 'access_denied' ? 'access was denied' : 'the provider refused';
    return new UpstreamError('invalid_grant', `Nobody was signed in: ${denied}.`);
  }
  if (error instanceof WWWAuthenticateChallengeError) {
    return new UpstreamError('invalid_client', `The provider answered ${error.status} with a challenge: check the client credentials.`);
  }
  if (error instanceof OperationProcessingError || error instanceof UnsupportedOperationError) {
    return new UpstreamError('malformed', `The provider's answer makes no sense (${error.code ?? error.name}).`);
  }
  if (error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError')) {
    return new UpstreamError('timeout', 'The provider did not answer in time.');
  }
  return new UpstreamError('unavailable', 'The provider cannot be reached.', { cause: error });
}

/** RFC 6749 §5.2, RFC 8707 §2; a code not listed here is the operator's to look at, too. */
const BY_CODE: Readonly<Record<string, UpstreamErrorCode>> = {
  invalid_grant: 'invalid_grant',
  invalid_client: 'invalid_client',
  unauthorized_client: 'invalid_client',
  invalid_scope: 'invalid_scope',
  invalid_target: 'invalid_scope',
  temporarily_unavailable: 'unavailable',
  server_error: 'unavailable',
  slow_down: 'unavailable',
};

const known = (code: string): string => (code in BY_CODE ? code : 'an unusual error code');

/** `Retry-After` in milliseconds, seconds or date, at most five minutes. */
function retryAfter(value: string | null, now: number): number | undefined {
  if (value === null) return undefined;
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1_000 : Date.parse(value) - now;
  return Number.isFinite(ms) ? Math.min(300_000, Math.max(0, ms)) : undefined;
}
