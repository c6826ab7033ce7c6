/**
 * A family: one login on one browser or device. The unit of rotation, of theft detection and of sign-out;
 * never per user, so a theft on one device leaves the others alone.
 *
 * Plain immutable JSON: a store keeps it as it is. Times are epoch milliseconds of the store's clock.
 */
import type { EndedReason } from '../../contract/wire.js';
import type { RotationState } from '../rotation.js';

/** Stands for "never" where a service has no expiry. */
export const NEVER = Number.MAX_SAFE_INTEGER;

/** What is decided at login and never changes. */
export interface FamilyIdentity {
  /** 16 random bytes in base64url; it is in the cookie and nowhere else on the wire. */
  readonly id: string;
  /** What browsers, tokens and logs see of the family. */
  readonly sid: string;
  /** Name of the configured client: it decides scopes and lifetimes. */
  readonly client: string;
  readonly credential: 'cookie' | 'body';
  /** The origin that logged in: each origin has cookies of its own. */
  readonly origin: string;
  /** The mount of its endpoint: at another one of the same store it is nobody. Absent in families of before this field. */
  readonly mount?: string;
  readonly sub: string;
  /** Claims of the application for locally issued tokens. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** Granted scopes, never more than the client's. */
  readonly scopes: readonly string[];
  /** For the list of devices. */
  readonly label: string | null;
  /** The family that let this one in (device grant). */
  readonly parent: string | null;
  /** 16 random bytes in base64url: with the server key it derives the cookies. */
  readonly salt: string;
  /** Keys under which `find` returns the family, e.g. by user. Opaque to the store. */
  readonly indexes: readonly string[];
  /** Login time: orders sessions. */
  readonly createdAt: number;
  /** Nothing outlives it: no cookie, no token, no tombstone. `NEVER` for services. */
  readonly absoluteExpiry: number;
  /** How far each refresh slides `idleExpiry`; `NEVER` for services. */
  readonly idleMs: number;
}

/** All that a store keeps of a family. */
export interface FamilyRecord extends FamilyIdentity, RotationState {
  readonly absoluteExpiry: number;
  /** When the family was last written by a refresh. */
  readonly seenAt: number;
  /** When it ended; `null` while active. */
  readonly endedAt: number | null;
  /** Generation of the newest access token, whatever its key. */
  readonly gen: number;
  /** The newest access token of each (scope set, resource); at most eight. */
  readonly tokens: Readonly<Record<string, TokenRecord>>;
  readonly upstream: UpstreamRecord | null;
  /** When `claimDue` hands the family out; `null` for never. */
  readonly dueAt: number | null;
  /** Until then some process has an event stream of the family open, and wants to hear of rotations; `null` for nobody. */
  readonly watchedUntil: number | null;
}

/** A cached access token. Locally issued ones are signed again from these numbers: none is at rest. */
export interface TokenRecord {
  readonly gen: number;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Encrypted access token; `null` for locally issued ones. */
  readonly sealed: string | null;
}

/** The provider's tokens of a family, encrypted. */
export interface UpstreamRecord {
  /** Raised by every commit: what compare-and-set compares. */
  readonly ver: number;
  /** Encrypted upstream tokens. */
  readonly sealed: string;
  /** When the upstream refresh token dies; `null` when it does not say. */
  readonly expiresAt: number | null;
  /** Somebody set out to spend the refresh token and has not reported back. */
  readonly pending: { readonly node: string; readonly at: number } | null;
}

/** Why the family is dead at this time, or `null` while it lives. */
export function deathOf(family: FamilyRecord, now: number): EndedReason | null {
  if (family.state === 'ended') return family.endedReason ?? 'revoked';
  if (now >= family.absoluteExpiry) return 'expired';
  if (now >= family.idleExpiry) return 'idle';
  return null;
}

/** What a fresh login starts with: rotation 0, no winners, no tokens. */
export function newFamily(identity: FamilyIdentity, upstream: UpstreamRecord | null = null): FamilyRecord {
  return {
    ...identity,
    rot: 0,
    winners: [],
    rotatedAt: identity.createdAt,
    healedAt: null,
    state: 'active',
    endedReason: null,
    endedAt: null,
    idleExpiry: Math.min(identity.createdAt + identity.idleMs, identity.absoluteExpiry),
    seenAt: identity.createdAt,
    gen: 0,
    tokens: {},
    upstream,
    dueAt: null,
    watchedUntil: null,
  };
}

/** How the `origin` of a family that is no browser's begins. No origin of a page begins like this. */
export const SERVICE = 'service:';

/** Whose due queue it is in: its token manager's own, or `null` for the endpoints'. */
export const serviceOf = ({ origin }: Pick<FamilyIdentity, 'origin'>): string | null => (origin.startsWith(SERVICE) ? origin : null);

/** What may be remembered of a family, because it never changes. */
export function identityOf(family: FamilyIdentity): FamilyIdentity {
  const { id, sid, client, credential, origin, mount, sub, claims, scopes, label, parent, salt, indexes, createdAt, absoluteExpiry, idleMs } = family;
  return { id, sid, client, credential, origin, mount, sub, claims, scopes, label, parent, salt, indexes, createdAt, absoluteExpiry, idleMs };
}

export function endFamily(family: FamilyRecord, reason: EndedReason, now: number): FamilyRecord {
  return { ...family, state: 'ended', endedReason: reason, endedAt: now, dueAt: null };
}
