/** The closed label sets. A union that grows elsewhere does not compile here until it has been thought of. */
import type { Outcome, WireReason } from '../../contract/wire.js';
import type { BatchResult } from '../batch/refresh-due.js';
import type { ClientKind } from '../config/clients.js';
import type { EndpointEvent } from '../observe.js';

/** All values of a union: leaving one out, or naming one that is none, is a type error. */
const all = <T extends string>(values: Readonly<Record<T, true>>): readonly T[] => Object.keys(values) as T[];

/** `unknown`: the request was turned away before it was known whose it is. */
export const CLIENT_TYPES = all<ClientKind | 'unknown'>({ web: true, mobile: true, desktop: true, cli: true, service: true, unknown: true });

type RefreshOutcome = Extract<EndpointEvent, { type: 'refresh' }>['outcome'];
/** `refused`: there was no session to decide about. */
export const OUTCOMES = all<RefreshOutcome | Outcome | 'refused'>({
  rotated: true, replayed: true, raced: true, coalesced: true, cached: true, spent: true, ended: true, reuse: true, refused: true,
});

export const ERROR_CODES = all<Exclude<WireReason, 'login_failed'>>({
  no_session: true, expired: true, idle: true, revoked: true, reuse_detected: true, signed_out: true, upstream_invalid_grant: true,
  malformed: true, missing_attempt: true, no_cookie: true, unexpected: true, csrf_origin: true, csrf_header: true, attempt_spent: true,
  version_conflict: true, rate_limited: true, upstream_invalid_client: true, upstream_invalid_scope: true, upstream_malformed: true,
  lock_timeout: true, store_unavailable: true, upstream_unavailable: true, upstream_timeout: true,
});

/** `upstream`: two nodes had refreshed the same provider token, and compare-and-set kept one. */
export const CONFLICTS = all<'raced' | 'spent' | 'version' | 'upstream'>({ raced: true, spent: true, version: true, upstream: true });

type UpstreamResult = Extract<EndpointEvent, { type: 'upstream' }>['result'];
export const UPSTREAM_RESULTS = all<UpstreamResult>({
  ok: true, conflict: true, resumed: true, invalid_grant: true, invalid_client: true, invalid_scope: true, malformed: true, timeout: true, unavailable: true,
});

export const REUSE_KINDS = all<'previous' | 'older'>({ previous: true, older: true });
export const BATCH_RESULTS = all<BatchResult>({ refreshed: true, fresh: true, ended: true, failed: true });
