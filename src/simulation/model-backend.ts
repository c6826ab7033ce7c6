/**
 * A full endpoint in memory, synchronous and in virtual time: the wire around the endpoint's own pure
 * decisions (rotation, tokens). Cookies are not signed: nobody forges them here.
 */
import { MIN_ROTATION_MS, RACE_MS, SETTLE_AFTER_MS, type EndedReason, type Outcome } from '../contract/wire.js';
import { keyOf } from '../core/grant.js';
import { deathOf, endFamily, newFamily, NEVER, type FamilyRecord, type TokenRecord } from '../server/families/family.js';
import { presentFamily } from '../server/families/present.js';
import { decideToken } from '../server/families/tokens.js';
import type { VirtualRequest, VirtualResponse } from '../testing/index.js';
import type { Backend, MintedToken, SessionTruth } from './backend.js';

const MINT_GAP_MS = 5_000;
const FRESH = new Set(['expiring', 'unauthorized', 'force']);
const COOKIE = /(rt-[^=]+)=rt\.(\w+)\.(\d+)/g;

interface Presented {
  name: string;
  family: FamilyRecord;
  rot: number;
}

export const createModelBackend = (lifetime: number): Backend => {
  const families = new Map<string, FamilyRecord>();
  const why = new Map<string, SessionTruth['over']>();
  const minted = new Map<string, MintedToken>();
  let logins = 0;

  const store = (family: FamilyRecord): FamilyRecord => (families.set(family.id, family), family);
  const set = (family: FamilyRecord): string => `rt-${family.id}=rt.${family.id}.${family.rot}; HttpOnly`;
  const expire = (name: string): string => `${name}=; Max-Age=0`;
  const read = (cookie: string | undefined): Presented[] =>
    [...(cookie ?? '').matchAll(COOKIE)]
      .map(([, name, id, rot]) => ({ name: name!, family: families.get(id!)!, rot: Number(rot) }))
      .sort((a, b) => b.family.createdAt - a.family.createdAt || (a.family.id < b.family.id ? 1 : -1));
  const end = (family: FamilyRecord, reason: EndedReason, over: SessionTruth['over'], now: number): void => {
    if (family.state === 'ended') return;
    store(endFamily(family, reason, now));
    why.set(family.id, over);
  };

  /** Expires the names of dead families, and the hint when nobody is left. */
  const tidy = (presented: Presented[], now: number): string[] => {
    const dead = presented.filter(({ family: { id } }) => deathOf(families.get(id)!, now));
    return [...dead.map(({ name }) => expire(name)), ...(dead.length === presented.length ? [expire('tabaton-hint')] : [])];
  };
  const refusal = (status: number, reason: string, more: object = {}, retryAfter?: number): VirtualResponse => ({
    status,
    json: { error: reason, reason, session: 'intact', ...(retryAfter === undefined ? {} : { retry_after: Math.ceil(retryAfter / 1000) }), ...more },
    ...(retryAfter === undefined ? {} : { retryAfter: Math.ceil(retryAfter / 1000) * 1000 }),
  });
  const over = (family: FamilyRecord, presented: Presented[], now: number): VirtualResponse => ({
    status: 400,
    json: { error: 'invalid_grant', reason: deathOf(family, now), session: 'ended', sid: family.sid },
    setCookie: tidy(presented, now),
  });

  const grant = (family: FamilyRecord, token: TokenRecord, key: string, outcome: Outcome, now: number) => {
    const text = `at.${family.id}.${token.gen}`;
    minted.set(text, { session: family.sid, sub: family.sub, order: token.gen, key, at: token.issuedAt, lifetime });
    return {
      access_token: text,
      token_type: 'Bearer',
      expires_in: Math.max(0, token.expiresAt - now) / 1000,
      lifetime: lifetime / 1000,
      gen: token.gen,
      sid: family.sid,
      session_at: family.createdAt,
      sub: family.sub,
      outcome,
      ...(outcome === 'raced' ? { settle_after: SETTLE_AFTER_MS / 1000 } : {}),
    };
  };

  const refresh = (request: VirtualRequest & { route: 'refresh' }, now: number): VirtualResponse => {
    const { call } = request;
    // Below level full no body travels: a first request.
    const bare = call.level !== 'full';
    const presented = read(request.cookie);
    const live = presented.find(({ family }) => !deathOf(family, now));
    if (!live) {
      const newest = presented[0];
      return newest ? over(newest.family, presented, now) : { status: 400, json: { error: 'invalid_grant', reason: 'no_cookie', session: 'none' }, setCookie: tidy(presented, now) };
    }
    const key = bare ? '|' : keyOf(call);
    const ids = (bare ? [call.attempt] : call.ids) as [string, ...string[]];
    const reason = bare ? 'startup' : call.reason;
    const { family, answer } = presentFamily(
      live.family,
      {
        rot: live.rot,
        ids,
        reason,
        raceMs: RACE_MS,
        floorMs: MIN_ROTATION_MS,
        token: {
          key,
          have: bare ? null : (call.have ?? null),
          minTtlMs: bare ? 10_000 : (call.minTtl ?? 10_000),
          fresh: FRESH.has(reason),
          mintGapMs: Math.min(MINT_GAP_MS, lifetime / 4),
          lifetimeMs: lifetime,
        },
      },
      now,
    );
    store(family);
    switch (answer.kind) {
      case 'reuse':
        why.set(family.id, 'theft');
        return over(family, presented, now);
      case 'ended':
        return over(family, presented, now);
      case 'spent':
        return { ...refusal(409, 'attempt_spent', { attempt_settled: answer.settled }), ...(answer.sendCookie ? { setCookie: [set(family)] } : {}) };
      case 'unknown':
        throw new Error('The model lost a family.');
    }
    const rotated = answer.outcome === 'rotated' || answer.outcome === 'replayed';
    const more = answer.settled === null ? {} : { attempt_settled: answer.settled };
    const cookies = [...(rotated ? [set(family)] : []), ...presented.filter((one) => one !== live && deathOf(one.family, now)).map(({ name }) => expire(name))];
    const { token } = answer;
    if (token.kind === 'limited') return { ...refusal(429, 'rate_limited', more, Math.max(1_000, token.retryAfterMs)), setCookie: cookies };
    if (token.kind === 'needed') throw new Error('The model mints its own tokens.');
    return { status: 200, json: { ...grant(family, token.token, key, answer.outcome === 'healed' ? 'coalesced' : answer.outcome, now), ...more }, setCookie: cookies };
  };

  const truth = (family: FamilyRecord): SessionTruth => ({ id: family.sid, sub: family.sub, ...(family.state === 'ended' ? { over: why.get(family.id) ?? 'revoked' } : {}) });

  return {
    level: 'full',
    serve(request, time) {
      const now = Math.floor(time);
      if (request.route === 'refresh') return refresh(request, now);
      const presented = read(request.cookie);
      const { sid } = request.call.level === undefined || request.call.level === 'full' ? request.call : {};
      for (const { family } of presented) if (sid === undefined || family.sid === sid) end(family, 'signed_out', 'signed_out', now);
      return { status: 200, json: { signed_out: true }, setCookie: tidy(presented, now) };
    },
    login(sub, cookie, time) {
      const presented = read(cookie);
      // Later than every login it takes the place of, whatever the clock says.
      const now = Math.max(Math.floor(time), ...presented.map(({ family }) => family.createdAt + 1));
      for (const { family } of presented) end(family, 'signed_out', 'superseded', now);
      const id = `f${++logins}`;
      const identity = { id, sid: `sid-${id}`, client: 'web', credential: 'cookie', origin: '', sub, claims: {}, scopes: [], label: null, parent: null, salt: '', indexes: [] } as const;
      const founded = newFamily({ ...identity, createdAt: now, absoluteExpiry: NEVER, idleMs: NEVER });
      const { family, token } = decideToken(founded, { key: '|', have: null, minTtlMs: 0, fresh: false, mintGapMs: 0, lifetimeMs: lifetime }, now);
      store(family);
      if (token.kind !== 'minted') throw new Error('A login mints a token.');
      return { cookies: [set(family), 'tabaton-hint=1', ...presented.map(({ name }) => expire(name))], grant: grant(family, token.token, '|', 'rotated', now) };
    },
    revoke(now) {
      for (const family of families.values()) end(family, 'revoked', 'revoked', now);
    },
    tokenOf: (token) => minted.get(token),
    sessions: () => [...families.values()].map(truth),
    presented(cookie) {
      const presented = read(cookie);
      const one = presented.find(({ family }) => family.state === 'active') ?? presented[0];
      return one && truth(one.family);
    },
  };
};
