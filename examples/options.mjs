/** What the examples share: an endpoint on SQLite with one user, and an API that checks its tokens. */
import { createLocalJWKSet, jwtVerify } from 'jose';

/** Options for a first look on this machine. In production: `publicOrigin: 'https://…'`, TABATON_KEY, no `dev`. */
export async function localOptions(publicOrigin) {
  const { sqliteStore } = await import('tabaton/server/sqlite');
  return {
    publicOrigin,
    dev: true,
    store: sqliteStore({ file: './tabaton.db' }),
    authenticate: async (request) => {
      const { user, password } = await request.json();
      return user === 'ada' && password === 'lovelace' ? { sub: user } : null;
    },
  };
}

/** Says whose access token an `Authorization` header carries; `null` for nobody's. An API elsewhere uses `createRemoteJWKSet`. */
export function bearerOf(endpoint) {
  let keys;
  return async (authorization) => {
    const [, token] = /^Bearer (\S+)$/.exec(authorization ?? '') ?? [];
    if (!token) return null;
    keys ??= createLocalJWKSet(await (await endpoint(new Request(`${endpoint.publicOrigin}${endpoint.mount}/jwks`))).json());
    try {
      const { payload } = await jwtVerify(token, keys, { issuer: endpoint.publicOrigin, audience: endpoint.publicOrigin, typ: 'at+jwt' });
      return payload.sub;
    } catch {
      return null;
    }
  };
}
