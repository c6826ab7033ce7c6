/** Tokens as they arrive: from the endpoint or over the channel, believed only as far as they can be used. */
import { MAX_TOKEN_LENGTH } from '../contract/wire.js';
import { lifeLeft, type Grant } from './grant.js';
import type { HeldGrant, WireGrant } from './messages.js';
import type { Clock } from './ports.js';

/** A bearer token as RFC 6750 §2.1 allows it in a header: visible ASCII, nothing a header could trip over. */
export const isToken = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= MAX_TOKEN_LENGTH && /^[\x21-\x7e]+$/.test(value);

export const toWire = (grant: Grant, clock: Clock): WireGrant => {
  const { monotonic: _, wall: __, ...rest } = grant;
  return { ...rest, remaining: grant.lifetime ? lifeLeft(grant, clock) : 0, sentAt: clock.wall() };
};

/** What other contexts may know of a sealed token. */
export const toHeld = (grant: Grant, clock: Clock): HeldGrant => {
  const { token: _, ...held } = toWire(grant, clock);
  return held;
};

/** A token that somebody else holds: it has an age and an order, and nothing to read. */
export const fromHeld = ({ sentAt, ...held }: HeldGrant, clock: Clock): Grant => ({ ...held, token: '', monotonic: clock.monotonic(), wall: Math.min(sentAt, clock.wall()) });

/** A grant from the channel; `undefined` when the token could not stand in a header or its numbers are no numbers. */
export const fromWire = ({ sentAt, ...grant }: WireGrant, clock: Clock): Grant | undefined =>
  isToken(grant.token) && Number.isSafeInteger(grant.generation)
    ? { ...grant, monotonic: clock.monotonic(), wall: Math.min(sentAt, clock.wall()) }
    : undefined;
