/**
 * What of a refresh or logout travels, by contract level. Strict validators and CORS preflights of a
 * backend that knows nothing of us must never see more than they expect:
 *
 *   level          | same origin            | another origin
 *   auto, plain    | two headers            | nothing
 *   fenced         | two headers            | two headers (its CORS rules must allow them)
 *   full           | headers and JSON body  | headers and JSON body
 */
import { ATTEMPT_HEADER, GUARD_HEADER, type ContextKind, type LogoutBody, type RefreshBody } from '../contract/wire.js';
import type { LogoutCall, RefreshCall } from '../core/ports.js';

export interface WireRequest {
  headers: Record<string, string>;
  body?: string;
}

const wireRequest = (
  level: RefreshCall['level'],
  sameOrigin: boolean,
  attempt: string | undefined,
  body: RefreshBody | LogoutBody,
): WireRequest => {
  const headers: Record<string, string> = {};
  const full = level === 'full';
  if (sameOrigin || full || level === 'fenced') {
    headers[GUARD_HEADER] = '1';
    if (attempt) headers[ATTEMPT_HEADER] = attempt;
  }
  if (!full) return { headers };
  headers['Content-Type'] = 'application/json';
  return { headers, body: JSON.stringify(body) };
};

export const refreshRequest = (call: RefreshCall, sameOrigin: boolean, context: ContextKind): WireRequest =>
  wireRequest(call.level, sameOrigin, call.attempt, {
    context,
    have: call.have,
    reason: call.reason,
    // Milliseconds in JavaScript, seconds on the wire.
    min_ttl: call.minTtl && Math.ceil(call.minTtl / 1000),
    scope: call.scope,
    resource: call.resource,
    ids: call.ids,
  });

export const logoutRequest = (call: LogoutCall, sameOrigin: boolean): WireRequest =>
  wireRequest(call.level ?? 'auto', sameOrigin, undefined, { scope: call.scope, sid: call.sid });
