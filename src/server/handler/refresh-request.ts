/** What `POST /auth/refresh` was asked, checked field by field. */
import { ATTEMPT_HEADER, ATTEMPT_ID, GUARD_HEADER, MAX_IDS, NATIVE_GUARD, type RefreshReason } from '../../contract/wire.js';
import { arrived, MAX_REQUEST_BYTES, objectFrom } from './body.js';
import type { Call } from './call.js';
import { malformed, refusal, type Draft } from './draft.js';
import type { Settings } from './service.js';

export interface RefreshRequest {
  /** `[attempt, ...winners]`, as sent. */
  readonly ids: readonly [attempt: string, ...winners: string[]];
  readonly reason: RefreshReason;
  readonly have: number | null;
  readonly minTtlMs: number;
  readonly scope: string | undefined;
  readonly resource: string | undefined;
  /** Of an app that is no page. */
  readonly credential: string | undefined;
}

const REASONS: ReadonlySet<unknown> = new Set<RefreshReason>(['startup', 'expiring', 'unauthorized', 'force', 'settle']);

export type ReadRefresh = { asked: RefreshRequest } | { draft: Draft };

export async function readRefresh(service: Settings, call: Call): Promise<ReadRefresh> {
  const attempt = call.headers.get(ATTEMPT_HEADER);
  if (attempt === null || !ATTEMPT_ID.test(attempt)) {
    const description = `Send ${ATTEMPT_HEADER}: 128 random bits in base64url, the same for every retry of one attempt.`;
    return { draft: refusal(400, 'invalid_request', 'missing_attempt', description) };
  }
  const body = objectFrom(call.headers, await arrived(service, call.bytes(MAX_REQUEST_BYTES)));
  if (typeof body === 'string') return { draft: malformed(body) };
  const { ids = [attempt], reason = 'startup', have, min_ttl = 10, scope, resource, refresh_token } = body;
  if (!idsValid(ids)) return { draft: malformed(`ids is not a list of 1 to ${MAX_IDS} attempt ids.`) };
  if (ids[0] !== attempt) return { draft: malformed(`ids does not start with the id in ${ATTEMPT_HEADER}.`) };
  if (!REASONS.has(reason)) return { draft: malformed(`reason is not one of ${[...REASONS].join(', ')}.`) };
  if (have !== undefined && !(Number.isSafeInteger(have) && (have as number) >= 0)) {
    return { draft: malformed('have is not a generation (a whole number from 0).') };
  }
  if (typeof min_ttl !== 'number' || !(min_ttl >= 0 && min_ttl <= 86_400)) {
    return { draft: malformed('min_ttl is not a number of seconds between 0 and 86400.') };
  }
  if (!optionalText(scope, 2_048)) return { draft: malformed('scope is not a text of at most 2048 characters.') };
  if (!optionalText(resource, 512)) return { draft: malformed('resource is not a text of at most 512 characters.') };
  if (!optionalText(refresh_token, 64)) return { draft: malformed('refresh_token is not a credential of this endpoint.') };
  if (refresh_token !== undefined && call.headers.get(GUARD_HEADER) !== NATIVE_GUARD) {
    return { draft: malformed(`refresh_token is for apps that are no pages. They send ${GUARD_HEADER}: ${NATIVE_GUARD}.`) };
  }
  return {
    asked: {
      ids: ids as [string, ...string[]],
      reason: reason as RefreshReason,
      have: (have as number | undefined) ?? null,
      minTtlMs: min_ttl * 1_000,
      scope,
      resource,
      credential: refresh_token,
    },
  };
}

function idsValid(ids: unknown): ids is string[] {
  return (
    Array.isArray(ids) &&
    ids.length >= 1 &&
    ids.length <= MAX_IDS &&
    ids.every((id) => typeof id === 'string' && ATTEMPT_ID.test(id))
  );
}

function optionalText(value: unknown, longest: number): value is string | undefined {
  return value === undefined || (typeof value === 'string' && value.length <= longest);
}
