/** Creates the family of a new login. */
import type { ClientKind } from '../config/clients.js';
import type { Authenticated } from '../config/endpoint-options.js';
import { base64url, shortHash } from '../encoding.js';
import { newFamily, NEVER, type FamilyRecord } from '../families/family.js';
import { sidOf } from '../families/sid.js';
import { fileToken } from '../families/tokens.js';
import { RESERVED_CLAIMS } from '../issuer/local-issuer.js';
import type { UpstreamTokens } from '../upstream/upstream.js';
import { parentIndex } from '../device-grant/children.js';
import { NATIVE } from './gate.js';
import type { Service } from './service.js';
import { tokenKey, WHOLE } from './wanted.js';

/** Index of a user's families; the issuer is part of it, because two providers may use one `sub`. */
export async function userIndex(issuer: string, sub: string): Promise<string> {
  return `user:${await shortHash(JSON.stringify([issuer, sub]))}`;
}

/** Index of the families of one session at the provider, for back-channel logout. */
export async function upstreamSidIndex(issuer: string, sid: string): Promise<string> {
  return `upstream-sid:${await shortHash(JSON.stringify([issuer, sid]))}`;
}

export interface NewLogin {
  /** The origin whose pages hold the cookie, or {@link NATIVE}: then the app holds the credential itself. */
  origin: string;
  /** Default `web`. */
  client?: ClientKind;
  /** The family that let this one in; what it was granted is all this one can have. */
  parent?: {
    family: FamilyRecord;
    /** Ends with it. */
    bound: boolean;
  };
  userAgent: string | null;
  user: Authenticated;
  /** What the provider gave, when tokens come from one. */
  tokens: UpstreamTokens | null;
  upstreamSid?: string | null;
}

export async function foundFamily(service: Service, login: NewLogin): Promise<FamilyRecord> {
  const { user, origin, tokens } = login;
  check(user);
  const client = service.clients[login.client ?? 'web'];
  const granted = user.scopes ?? client.scopes ?? [];
  const now = await service.store.now();
  const id = base64url(service.random.bytes(16));
  const { issuer } = service.tokens;
  const identity = {
    id,
    sid: await sidOf(id),
    client: client.kind,
    credential: origin === NATIVE ? 'body' : 'cookie',
    origin,
    mount: service.place.mount,
    sub: user.sub,
    claims: user.claims ?? {},
    scopes: granted.filter((scope) => client.scopes === undefined || client.scopes.includes(scope)),
    label: user.label?.slice(0, 80) ?? coarseLabel(login.userAgent),
    parent: login.parent?.family.id ?? null,
    salt: base64url(service.random.bytes(16)),
    indexes: [
      await userIndex(issuer, user.sub),
      ...(login.parent?.bound ? [parentIndex(login.parent.family.id)] : []),
      ...(login.upstreamSid ? [await upstreamSidIndex(issuer, login.upstreamSid)] : []),
    ],
    createdAt: now,
    absoluteExpiry: Math.min(login.parent?.bound ? login.parent.family.absoluteExpiry : NEVER, now + client.absolute),
    idleMs: client.idle,
  } as const;
  const family = tokens
    ? await withTokens(service, newFamily(identity), tokens, granted, client.access, now)
    : newFamily(identity);
  if ((await service.store.create(family)) !== 'created') throw new Error('Two families drew the same 128 random bits.');
  return family;
}

/** The provider's first tokens are filed at once: they cost a login, not a refresh. */
async function withTokens(
  service: Service,
  family: FamilyRecord,
  tokens: UpstreamTokens,
  granted: readonly string[],
  defaultLifetimeMs: number,
  now: number,
): Promise<FamilyRecord> {
  const lifetimeMs = tokens.expiresInMs ?? defaultLifetimeMs;
  // Filed under what it really carries: a family that was cut down must not be handed the wider token.
  const cut = family.scopes.length < granted.length;
  const key = cut ? await tokenKey(granted, null) : WHOLE;
  const sealed = await service.sealed.sealAccess(family.id, tokens.accessToken);
  const { family: filed } = fileToken(family, key, lifetimeMs, sealed, now);
  return {
    ...filed,
    upstream: {
      ver: 1,
      sealed: await service.sealed.sealGrant(family.id, tokens),
      expiresAt: tokens.refreshExpiresInMs === undefined ? null : now + tokens.refreshExpiresInMs,
      pending: null,
    },
    dueAt: now + lifetimeMs,
  };
}

function check(user: Authenticated): void {
  if (typeof user.sub !== 'string' || user.sub === '' || user.sub.length > 255) {
    throw new Error('authenticate() must return a `sub` of 1 to 255 characters, or null.');
  }
  for (const name of Object.keys(user.claims ?? {})) {
    if (RESERVED_CLAIMS.has(name)) throw new Error(`authenticate() returned the claim "${name}", which is the endpoint's own. Rename it.`);
  }
}

/** "Firefox on Linux": enough to recognise a device in a list, too little to fingerprint it. */
function coarseLabel(agent: string | null): string | null {
  if (!agent) return null;
  const browser = ['Edg', 'OPR', 'Firefox', 'Chrome', 'Safari'].find((name) => agent.includes(`${name}/`));
  const system = ['Android', 'iPhone', 'iPad', 'Windows', 'Mac OS', 'Linux'].find((name) => agent.includes(name));
  const names: Record<string, string> = { Edg: 'Edge', OPR: 'Opera', 'Mac OS': 'macOS' };
  if (!browser && !system) return null;
  return [browser && (names[browser] ?? browser), system && (names[system] ?? system)].filter(Boolean).join(' on ');
}
