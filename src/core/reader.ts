/** Reads a token out of whatever a backend answers; a full endpoint is just the one that says most. */
import { MAX_LIFETIME_S, type Outcome } from '../contract/wire.js';
import { isToken } from './wire-grant.js';

export interface Answer {
  token: string;
  /** Ms; 0 when unknown, then only a 401 tells. */
  lifetime: number;
  /** Ms. */
  remaining: number;
  /** Absent at level plain: then the ledger counts. */
  generation?: number;
  sid?: string;
  sessionAt?: number;
  sub?: string;
  scope?: string;
  /** Present at level full only. An unknown word is a success like any other. */
  outcome?: Outcome | string;
  /** Ms. */
  settleAfter?: number;
}

type Fields = Record<string, unknown>;
export type Claims = (token: string) => Fields | undefined;

export const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown) => (typeof value === 'string' && value && value.length < 512 ? value : undefined);
const count = (value: unknown) => (Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined);
/** Backends write numbers as strings, too. Anything else that is there but no number is NaN, and refused. */
const number = (value: unknown) =>
  value == null ? undefined : typeof value === 'string' && value.trim() ? Number(value) : typeof value === 'number' ? value : NaN;

/**
 * The answer, or a sentence that says what is wrong with it and what to answer instead.
 * `now` is the server's clock (its `Date` header), never compared with ours.
 */
export const readAnswer = (json: unknown, claims: Claims, now: number): Answer | string => {
  if (!isObject(json)) return 'The refresh endpoint must answer with a JSON object.';
  const token = json.access_token ?? json.accessToken ?? json.access ?? json.token;
  if (token === undefined) return 'The answer has no access_token (accessToken, access, token): add it, or map the answer with `endpoint.read`.';
  if (!isToken(token)) return 'The access token must be a string of visible ASCII characters, at most 64 kB: it has to fit an Authorization header.';
  const payload = claims(token) ?? {};
  let left = number(json.expires_in ?? json.expiresIn);
  if (left === undefined) {
    const at = number(json.expires_at ?? json.expiresAt);
    if (at !== undefined) left = (at < 1e11 ? at : at / 1000) - now / 1000;
  }
  if (left === undefined && payload.exp !== undefined && payload.iat !== undefined) left = Number(payload.exp) - Number(payload.iat);
  if (left !== undefined && !(left > 0 && left <= MAX_LIFETIME_S))
    return 'The token lifetime must be more than 0 seconds and at most 10 years: check expires_in (seconds) or expires_at.';
  const whole = number(json.lifetime);
  return {
    token,
    remaining: (left ?? 0) * 1000,
    lifetime: left === undefined ? 0 : (whole !== undefined && whole >= left && whole <= MAX_LIFETIME_S ? whole : left) * 1000,
    generation: count(json.gen),
    sid: text(json.sid),
    sessionAt: count(json.session_at),
    sub: text(json.sub) ?? text(payload.sub),
    scope: text(json.scope),
    outcome: text(json.outcome),
    settleAfter: count(json.settle_after) && (json.settle_after as number) * 1000,
  };
};
