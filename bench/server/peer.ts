/** The peer: an unmodified oidc-provider that rotates refresh tokens and signs JWT access tokens with Ed25519. */
import { randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
// @ts-expect-error -- it ships no types
import { Provider } from 'oidc-provider';
import { openRows } from './peer-rows.js';
import type { Presented, ServeSettings } from './words.js';

const RESOURCE = 'https://api.example';

export async function peer({ store, families }: ServeSettings): Promise<{ listener: RequestListener; presented: Presented[] }> {
  const { privateKey } = await generateKeyPair('Ed25519', { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), kid: 'bench', use: 'sig', alg: 'Ed25519' };
  const provider = new Provider('http://localhost:3000', {
    adapter: await openRows(store),
    clients: [{ client_id: 'bench', client_secret: 'bench-secret', redirect_uris: ['http://localhost/cb'], grant_types: ['authorization_code', 'refresh_token'], token_endpoint_auth_method: 'client_secret_basic', id_token_signed_response_alg: 'Ed25519' }],
    jwks: { keys: [jwk] },
    scopes: ['openid', 'offline_access', 'read'],
    rotateRefreshToken: true,
    issueRefreshToken: async () => true,
    features: {
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({ scope: 'read', audience: RESOURCE, accessTokenFormat: 'jwt', accessTokenTTL: 900, jwt: { sign: { alg: 'Ed25519' } } }),
      },
    },
    enabledJWA: { idTokenSigningAlgValues: ['Ed25519', 'RS256'] },
    ttl: { AccessToken: 900, RefreshToken: 7_776_000, Grant: 7_776_000, Session: 86_400, Interaction: 600, IdToken: 900 },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    findAccount: async (_: unknown, id: string) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  });
  const client = await provider.Client.find('bench');
  const presented: Presented[] = [];
  for (let n = 0; n < families; n += 1) {
    const accountId = `user-${n}`;
    const grant = new provider.Grant({ accountId, clientId: 'bench' });
    grant.addOIDCScope('offline_access');
    grant.addResourceScope(RESOURCE, 'read');
    const grantId = await grant.save();
    const token = new provider.RefreshToken({ accountId, client, grantId, scope: 'offline_access read', resource: RESOURCE, gty: 'authorization_code', rotations: 0, iiat: Math.floor(Date.now() / 1_000) });
    presented.push({ credential: await token.save(), gen: 0 });
  }
  return { listener: provider.callback(), presented };
}
