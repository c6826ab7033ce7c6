import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import type { IssuedTokens } from './issued.js';
import { bearerOf, json } from './request.js';

interface Parts {
  /** Fetches the endpoint's key set, as an API on another machine would. */
  keySet: () => Promise<JSONWebKeySet>;
  /** `iss` of the tokens, and their `aud`: the endpoint and this API share an origin. */
  issuer: string;
  issued: IssuedTokens;
}

export type Api = (request: Request) => Promise<Response>;

/** A small protected API, `GET /api/me`: signature, issuer, audience, expiry, and nothing but bearer tokens. */
export function protectedApi({ keySet, issuer, issued }: Parts): Api {
  let keys: Promise<ReturnType<typeof createLocalJWKSet>> | undefined;

  const refused = (error?: string): Response =>
    json(401, { error: error ?? 'missing_token' }, { 'www-authenticate': error ? `Bearer error="${error}"` : 'Bearer' });

  return async (request) => {
    if (request.method !== 'GET' || new URL(request.url).pathname !== '/api/me') return json(404, { error: 'not_found' });
    const token = bearerOf(request);
    if (token === undefined) return refused();
    keys ??= keySet().then((set) => createLocalJWKSet(set));
    try {
      const { payload } = await jwtVerify(token, await keys, { issuer, audience: issuer, typ: 'at+jwt' });
      const { sid, gen } = payload as { sid?: unknown; gen?: unknown };
      if (typeof sid !== 'string' || typeof gen !== 'number' || !issued.accepts(sid, gen)) return refused('invalid_token');
      return json(200, { name: payload.sub, generation: gen });
    } catch {
      return refused('invalid_token');
    }
  };
}
