/**
 * The wire contract between the browser half and the endpoint half, version 1.
 *
 * Types and constants only: this is the single thing both halves may import.
 * Durations on the wire are seconds; constants here are milliseconds, as everywhere in JavaScript.
 */

/** Client abort deadline D: a refresh request is abandoned by its sender after this long. */
export const DEADLINE_MS = 10_000;
/** Q: the longest time a request may be in transit for the rotation's promises to hold. */
export const TRANSIT_MS = 10_000;
/** C ≥ D + Q: how long after a rotation the previous cookie still gets an access token (`raced`). */
export const RACE_MS = 20_000;
/** M > D + Q: the least time between two rotations of one family; within it answers are `coalesced`. */
export const MIN_ROTATION_MS = 35_000;
/** C + D + 5 s: when a `raced` client presents its cookie once more. */
export const SETTLE_AFTER_MS = 35_000;
/** The endpoint answers within D − 2 s, whatever its upstream does. */
export const SERVER_TIME_MS = DEADLINE_MS - 2_000;

/** Static header that proves a request was written by script that passed a CORS check. */
export const GUARD_HEADER = 'X-Tabaton';
/**
 * What the header says for an app that is no page: mobile, desktop, CLI. It holds its credential itself (in the
 * body, as `refresh_token`), no cookie of the request is looked at and none is set. Refused from a browser.
 */
export const NATIVE_GUARD = 'native';
/** Carries the attempt id of a refresh. */
export const ATTEMPT_HEADER = 'Idempotency-Key';

/**
 * A path of this origin: one leading slash, no second one, no backslash (browsers read it as a slash), no control
 * characters (browsers drop them and might find a second slash behind).
 */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
export const LOCAL_PATH = /^\/(?![/\\])[^\\\u0000-\u001f\u007f]*$/;

/**
 * Longest list of attempt ids in one request: the attempt and the last five winners. Two kills of a browser
 * that flushes its cookies late leave the jar six rotations behind; docs/decisions/0010-depth-of-the-chain.md.
 */
export const MAX_IDS = 6;
/** An attempt id: 128 random bits in base64url. */
export const ATTEMPT_ID = /^[A-Za-z0-9_-]{22,64}$/;
/** Longest access token either half accepts (characters). */
export const MAX_TOKEN_LENGTH = 65_536;
/** Longest response body the browser half reads (bytes). */
export const MAX_BODY_BYTES = 262_144;
/** Longest lifetime either half accepts (10 years, in seconds). */
export const MAX_LIFETIME_S = 315_360_000;

/** Why a refresh is asked for; telemetry, except that `startup` may be answered from the cache. */
export type RefreshReason = 'startup' | 'expiring' | 'unauthorized' | 'force' | 'settle';
/** What happened to the cookie; the token is there in each case. */
export type Outcome = 'rotated' | 'replayed' | 'raced' | 'coalesced' | 'cached';
/** What kind of context asks; telemetry. */
export type ContextKind = 'page' | 'iframe' | 'worker' | 'shared_worker' | 'service_worker';

/** Body of `POST /auth/refresh`. Every field but none is optional: an empty body means a first request. */
export interface RefreshBody {
  context?: ContextKind;
  /** Generation held, or rejected by the API, for this (scope, resource). */
  have?: number;
  reason?: RefreshReason;
  /** Seconds of life the caller needs. */
  min_ttl?: number;
  scope?: string;
  resource?: string;
  /** `[attempt, ...winners]`, at most {@link MAX_IDS}. */
  ids?: string[];
  /** The credential of an app that is no page. Pages have a cookie instead, and may not send it. */
  refresh_token?: string;
  /** Reserved for proof that the credential is used on the device it was issued to. Ignored today. */
  binding?: unknown;
  /** Telemetry that never decides anything. */
  stats?: Record<string, number>;
}

/** 200 answer of `POST /auth/refresh`. */
export interface RefreshAnswer {
  access_token: string;
  token_type: 'Bearer';
  /** Seconds that remain at send time. */
  expires_in: number;
  /** The token's whole lifetime in seconds. */
  lifetime: number;
  scope?: string;
  gen: number;
  sid: string;
  /** Login time of the family in epoch milliseconds of the server: orders sessions. */
  session_at: number;
  /** `sub` of the user. */
  sub?: string;
  outcome: Outcome;
  attempt_settled?: string;
  /** The new credential of an app that is no page, whenever a page would be sent a cookie. */
  refresh_token?: string;
  /** Server time in epoch milliseconds: telemetry only. */
  server_time: number;
  refresh_expires_in: number;
  /** Seconds. */
  settle_after?: number;
}

/** The `error` of an answer that is none, as OAuth writes it. */
export type WireError =
  | 'invalid_request'
  | 'invalid_grant'
  | 'access_denied'
  | 'temporarily_unavailable'
  | 'slow_down'
  | 'server_error';

/** Why a session ended, as the server says it. */
export type EndedReason =
  | 'no_session'
  | 'expired'
  | 'idle'
  | 'revoked'
  | 'reuse_detected'
  | 'signed_out'
  | 'upstream_invalid_grant';

/** Why, in one word of a closed union. */
export type WireReason =
  | EndedReason
  | 'malformed'
  /** `POST /auth/login` only: the application said no. */
  | 'login_failed'
  | 'missing_attempt'
  | 'no_cookie'
  /** A defect of the endpoint or of the application's own part in it: said with 500. */
  | 'unexpected'
  | 'csrf_origin'
  | 'csrf_header'
  | 'attempt_spent'
  | 'version_conflict'
  | 'rate_limited'
  | 'upstream_invalid_client'
  | 'upstream_invalid_scope'
  | 'upstream_malformed'
  | 'lock_timeout'
  | 'store_unavailable'
  | 'upstream_unavailable'
  | 'upstream_timeout';

/** Body of every error answer. Only `session: 'ended'` may sign a user out, and only that `sid`. */
export interface ErrorAnswer {
  error: WireError;
  reason: WireReason;
  session: 'intact' | 'none' | 'ended';
  error_description?: string;
  sid?: string;
  gen?: number;
  /** Seconds; repeats the `Retry-After` header, which cross-origin script may not be able to read. */
  retry_after?: number;
  attempt_settled?: string;
  /** As in {@link RefreshAnswer}: the credential's outcome is independent of the token's. */
  refresh_token?: string;
}

/** Answer of `GET /auth/session`. */
export type SessionAnswer =
  | {
      active: true;
      gen: number;
      sid: string;
      sub: string;
      expires_in?: number;
      refresh_expires_in: number;
      server_time: number;
    }
  /** `sid` when it is known which session is over. */
  | { active: false; reason: WireReason | 'stale'; sid?: string };

/** Answer of `GET /auth/device?user_code=`: what wants in. The label is what the device calls itself. */
export interface DeviceAsk {
  user_code: string;
  label: string | null;
  client: string;
  /** What it would get: never more than the session that lets it in. */
  scope: string;
  expires_in: number;
}

/** Body of `POST /auth/device/decision`. */
export interface DeviceDecision {
  user_code: string;
  approve: boolean;
  /** Fewer scopes than it asked for. */
  scope?: string;
  /** It ends when the session that let it in is ended. Default false. */
  bound?: boolean;
}

/** One place where the user is signed in. Times are epoch milliseconds of the server. */
export interface DeviceAnswer {
  /** The session id: `DELETE /auth/devices/<id>` ends it. */
  id: string;
  /** "Firefox on Linux", or what the application called it. */
  label: string | null;
  client: string;
  first_seen: number;
  /** Its last refresh. */
  last_seen: number;
  /** True for the session that asks. */
  current: boolean;
}

/** Answer of `GET /auth/devices`: the one that asks first, then by last use, at most 100. */
export interface DevicesAnswer {
  devices: DeviceAnswer[];
}

/**
 * What `GET /auth/events` says, by name of the event. Never a token. Seconds, except `server_time`.
 *
 * `hello` comes first, and again when the endpoint can see its store again. `revoked` and `signed_out` are the last
 * event of their stream. `expiring` is about the session, five minutes before it would end unused.
 */
export interface StreamEvents {
  hello: { sid: string; gen: number; refresh_expires_in: number; server_time: number };
  rotated: { sid: string; gen: number };
  revoked: { sid: string; reason: EndedReason };
  /** `replaced`: another login took its place in the same browser. */
  signed_out: { sid: string; reason: EndedReason; replaced?: boolean };
  expiring: { sid: string; reason: 'idle' | 'expired'; expires_in: number };
  degraded: { sid: string; reason: WireReason };
}

/** Names of the events of a stream, a closed union. */
export type StreamEventName = keyof StreamEvents;

/** Body of `POST /auth/logout`. `sid` narrows the logout to that session and those it replaced in this browser, so a late one never ends a newer login. */
export interface LogoutBody {
  /** The credential of an app that is no page. */
  refresh_token?: string;
  scope?: 'device' | 'all';
  sid?: string;
}

/** Readable, non-secret cookie: "somebody may be signed in here". Its name is this, `.`, and the mount's hash. */
export const HINT_COOKIE = 'tabaton-hint';

/** A short name for a longer one, 32 bits of FNV-1a: tells apart what is not meant to be alike. Nothing rests on it. */
export function shortHash(name: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i += 1) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return hash.toString(36);
}

/**
 * Full name of the hint cookie of an endpoint, given its URL as the browser sees it, origin and mount without a trailing
 * slash: `https://app.example/auth`. Both halves compute it. The hash keeps two mounts (or two dev ports, which share one
 * cookie jar) apart.
 */
export const hintCookieName = (endpoint: string): string => `${HINT_COOKIE}.${shortHash(endpoint)}`;
