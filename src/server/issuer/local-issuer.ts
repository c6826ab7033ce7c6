/**
 * Access tokens of the endpoint's own: RFC 9068 JWTs, verified by an API through the JWKS route.
 *
 * A token is a function of the family and of (generation, issuedAt, expiresAt): with Ed25519 signing it
 * twice gives the same bytes, so none is kept in the store, and a cached answer is the same token.
 */
import { calculateJwkThumbprint, exportJWK, importJWK, jwtVerify, SignJWT, type CryptoKey, type JWK } from 'jose';
import { MisconfiguredError } from '../config/misconfigured.js';
import { base64url, base64urlOf, concat, utf8, type Bytes } from '../encoding.js';
import type { FamilyRecord, TokenRecord } from '../families/family.js';
import { native } from '../keys/node-crypto.js';
import type { ServerKeys } from '../keys/server-keys.js';

/** How access tokens are issued when no provider does it. */
export interface IssuerOptions {
  /** `iss` of the tokens. Default: `publicOrigin`. */
  url?: string;
  /** `aud` of a token that asks for no resource. Default: `publicOrigin`. */
  audience?: string;
  /** Resources (RFC 8707) a caller may ask for; each becomes the `aud` of its own tokens. */
  resources?: readonly string[];
  /**
   * Private signing keys as JWKs with `alg`, newest first: the first signs, all are published.
   * Default: Ed25519, derived from the server key, so that every node has the same one.
   * Each is tried out by `ready()`: MisconfiguredError for one that cannot sign.
   */
  signingKeys?: readonly JWK[];
}

export interface LocalIssuer {
  /** What a caller may ask for as `resource`. */
  readonly resources: ReadonlySet<string>;
  readonly url: string;
  sign(family: FamilyRecord, token: TokenRecord, scopes: readonly string[], resource: string | null): Promise<string>;
  jwks(): { keys: JWK[] };
}

interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly key: CryptoKey;
  readonly published: JWK;
  /** Signs at once, without a thread; gives the bytes WebCrypto would give. */
  readonly signNow?: (data: string) => string;
}

/** DER head of a PKCS #8 Ed25519 private key; 32 bytes of seed follow. @see RFC 8410 */
const ED25519_HEAD = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);

export async function localIssuer(
  { url, audience, signingKeys, resources = [] }: IssuerOptions,
  publicOrigin: string,
  keys: ServerKeys,
): Promise<LocalIssuer> {
  const issuer = url ?? publicOrigin;
  const aud = audience ?? publicOrigin;
  const signers = signingKeys
    ? await Promise.all(signingKeys.map(givenKey))
    : await Promise.all(keys.all.map(async (key) => derivedKey(await key.derive('issuer-ed25519'))));
  const signer = signers[0]!;
  const allowed = new Set(resources);
  const header = { alg: signer.alg, kid: signer.kid, typ: 'at+jwt' };
  const head = base64urlOf(JSON.stringify(header));
  return {
    url: issuer,
    resources: allowed,
    jwks: () => ({ keys: signers.map(({ published }) => published) }),
    sign(family, token, scopes, resource) {
      if (resource !== null && !allowed.has(resource)) throw new Error('A resource was not checked before signing.');
      const payload = {
        ...family.claims,
        client_id: family.client,
        ...(scopes.length > 0 ? { scope: scopes.join(' ') } : {}),
        sid: family.sid,
        gen: token.gen,
        iss: issuer,
        sub: family.sub,
        aud: resource ?? aud,
        iat: Math.floor(token.issuedAt / 1_000),
        exp: Math.ceil(token.expiresAt / 1_000),
        jti: `${family.sid}.${token.gen}`,
      };
      if (!signer.signNow) return new SignJWT(payload).setProtectedHeader(header).sign(signer.key);
      const signed = `${head}.${base64urlOf(JSON.stringify(payload))}`;
      return Promise.resolve(`${signed}.${signer.signNow(signed)}`);
    },
  };
}

async function derivedKey(seed: Bytes): Promise<SigningKey> {
  const der = concat(ED25519_HEAD, seed);
  const extractable = await crypto.subtle.importKey('pkcs8', der, { name: 'Ed25519' }, true, ['sign']);
  const { kty, crv, x } = await exportJWK(extractable);
  const key = await crypto.subtle.importKey('pkcs8', der, { name: 'Ed25519' }, false, ['sign']);
  return { ...(await published({ kty: kty!, crv, x }, 'EdDSA', key)), ...signerOf(der) };
}

function signerOf(der: Bytes): Pick<SigningKey, 'signNow'> {
  if (!native) return {};
  const { createPrivateKey, sign } = native;
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return { signNow: (data) => base64url(sign(null, utf8(data), key)) };
}

const SIGNING_KEYS = 'issuer.signingKeys';

/** What can be seen without using a key. @throws MisconfiguredError */
export function checkSigningKeys(keys: readonly JWK[] | undefined): void {
  if (keys === undefined) return;
  if (!Array.isArray(keys) || keys.length === 0) {
    throw new MisconfiguredError(SIGNING_KEYS, 'has no key in it. Give a list of private JWKs, newest first, or leave it out: then a key is derived from the server key.');
  }
  for (const jwk of keys as (JWK | null | undefined)[]) {
    if (typeof jwk?.alg !== 'string' || jwk.alg === '') throw new MisconfiguredError(SIGNING_KEYS, 'a key has no "alg". Add one, e.g. ES256.');
    if (jwk.kty === 'oct') throw new MisconfiguredError(SIGNING_KEYS, 'a symmetric key cannot be published. Give a private RSA, EC or OKP key.');
    if (!jwk.d) throw new MisconfiguredError(SIGNING_KEYS, 'a key has no private part ("d"). Give the private JWK.');
  }
}

/** Signs and verifies once: a key whose parts do not belong together would issue tokens that every API rejects. */
async function givenKey(jwk: JWK): Promise<SigningKey> {
  const { alg, kty, crv, x, y, n, e } = jwk;
  try {
    const key = (await importJWK(jwk)) as CryptoKey;
    const signer = await published({ kty, crv, x, y, n, e }, alg!, key, jwk.kid);
    await jwtVerify(await new SignJWT().setProtectedHeader({ alg: alg! }).sign(key), await importJWK(signer.published));
    return signer;
  } catch {
    // What was thrown may quote the key.
    throw new MisconfiguredError(SIGNING_KEYS, `a key with "alg" ${alg} cannot sign, or its public part does not fit. Generate a new one of that algorithm (RSA: 2048 bits or more) and give all of its JWK.`);
  }
}

async function published(parts: JWK, alg: string, key: CryptoKey, given?: string): Promise<SigningKey> {
  const open = Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as JWK;
  const kid = given ?? (await calculateJwkThumbprint(open));
  return { kid, alg, key, published: { ...open, kid, alg, use: 'sig' } };
}

/** Claims an application may not set: they are the endpoint's own. */
export const RESERVED_CLAIMS: ReadonlySet<string> = new Set([
  'iss', 'sub', 'aud', 'client_id', 'iat', 'exp', 'nbf', 'jti', 'scope', 'sid', 'gen',
]);
