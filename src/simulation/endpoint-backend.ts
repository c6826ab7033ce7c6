/** The real endpoint on its memory store, in virtual time: what the model is a model of. */
import { keyOf } from '../core/grant.js';
import { createEndpoint, memoryStore, type FamilyRecord } from '../server/index.js';
import { parseCredential } from '../server/keys/credential.js';
import { fetchServer, VIRTUAL_EPOCH } from '../testing/index.js';
import type { Backend, MintedToken, SessionTruth } from './backend.js';

const ORIGIN = 'https://app.test';

const claimsOf = (token: string): Record<string, unknown> | undefined => {
  const part = token.split('.')[1];
  try {
    return part === undefined ? undefined : (JSON.parse(atob(part.replaceAll('-', '+').replaceAll('_', '/'))) as Record<string, unknown>);
  } catch {
    return undefined;
  }
};

/** `external`: the origin's, for the WebCrypto in it. */
export const createEndpointBackend = (lifetime: number, external: <T>(work: Promise<T>) => Promise<T>): Backend => {
  let now = VIRTUAL_EPOCH;
  let bytes = 0;
  const clock = { now: () => now, after: () => () => {} };
  const store = memoryStore({ clock });
  const families = new Map<string, FamilyRecord>();
  const why = new Map<string, SessionTruth['over']>();
  const minted = new Map<string, MintedToken>();
  const endpoint = createEndpoint({
    publicOrigin: ORIGIN,
    store: {
      ...store,
      create: async (family) => {
        families.set(family.id, family);
        return store.create(family);
      },
    },
    keys: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8',
    authenticate: async (request) => ({ sub: await request.text(), scopes: ['mail', 'read'] }),
    clients: { web: { access: lifetime } },
    jitter: 0,
    limits: { refreshesPerMinute: 10_000 },
    clock,
    // Deterministic, and different each time: nobody guesses here.
    random: { next: () => 0.5, bytes: (length) => Uint8Array.from({ length }, () => (bytes = (bytes * 5 + 17) % 251)) },
    observe(event) {
      if (event.type === 'fault') throw new Error(`${event.what}: ${event.message}`);
      if (event.type === 'ended') why.set(event.sid, event.reason === 'reuse_detected' ? 'theft' : (why.get(event.sid) ?? 'signed_out'));
    },
  });
  const serve = fetchServer({ handler: endpoint, publicOrigin: ORIGIN, external });
  const known = (token: unknown, key: string): void => {
    if (typeof token !== 'string' || minted.has(token)) return;
    const { sid, sub, gen } = claimsOf(token) as { sid: string; sub: string; gen: number };
    minted.set(token, { session: sid, sub, order: gen, key, at: now, lifetime });
  };
  const truth = ({ sid, sub }: FamilyRecord): SessionTruth => ({ id: sid, sub, ...(why.has(sid) ? { over: why.get(sid)! } : {}) });

  return {
    level: 'full',
    async serve(request, at) {
      now = at;
      const response = await serve(request, at);
      known((response.json as { access_token?: unknown } | undefined)?.access_token, request.route === 'refresh' ? keyOf(request.call) : '|');
      return response;
    },
    async login(sub, cookie, at) {
      now = at;
      return external(
        endpoint(
          new Request(`${ORIGIN}/auth/login`, {
            method: 'POST',
            headers: { 'X-Tabaton': '1', 'Sec-Fetch-Site': 'same-origin', Origin: ORIGIN, ...(cookie === undefined ? {} : { Cookie: cookie }) },
            body: sub,
          }),
        ).then(async (response) => {
          const grant = (await response.json()) as Record<string, unknown>;
          known(grant['access_token'], '|');
          return { cookies: response.headers.getSetCookie(), grant };
        }),
      );
    },
    async revoke(at) {
      now = at;
      for (const { id, sid } of families.values()) {
        why.set(sid, why.get(sid) ?? 'revoked');
        await external(store.end(id, 'revoked'));
      }
    },
    tokenOf: (token) => minted.get(token),
    sessions: () => [...families.values()].map(truth),
    presented(cookie) {
      const ids = (cookie ?? '').split(';').flatMap((pair) => parseCredential(pair.slice(pair.indexOf('=') + 1).trim())?.family ?? []);
      const owners = ids.flatMap((id) => families.get(id) ?? []).toSorted((a, b) => b.createdAt - a.createdAt);
      const owner = owners.find(({ sid }) => !why.has(sid)) ?? owners[0];
      return owner && truth(owner);
    },
  };
};
