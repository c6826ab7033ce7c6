/**
 * The refresh credential of a browser, derived and never stored:
 *
 *     b64url( version ‖ kid(4) ‖ family(16) ‖ rotation(4) ‖ HMAC(HKDF(key, salt), all before)(16) )
 *
 * Each rotation has exactly one possible credential, so every `Set-Cookie` of a rotation is byte-identical
 * and their order of arrival stops mattering. Whoever has the store has no key, whoever has the key has
 * no salt.
 */
import { BoundedCache } from '../bounded-cache.js';
import { base64url, concat, fromBase64url, sameBytes, type Bytes } from '../encoding.js';
import { type Hmac, hmacOf } from './hmac.js';
import { native } from './node-crypto.js';
import type { ServerKey, ServerKeys } from './server-keys.js';

const VERSION = 1;
const LENGTHS = { kid: 4, family: 16, rotation: 4, mac: 16 } as const;
const HEAD = 1 + LENGTHS.kid + LENGTHS.family + LENGTHS.rotation;

/** What a credential says of itself, before anything is verified. */
export interface Claimed {
  readonly family: string;
  readonly rot: number;
  readonly kid: Bytes;
  readonly head: Bytes;
  readonly mac: Bytes;
  /** Head and MAC. */
  readonly bytes: Bytes;
}

export interface CredentialSalt {
  readonly id: string;
  readonly salt: string;
}

export interface Credentials {
  derive(family: CredentialSalt, rot: number): Promise<string>;
  /** Whether the server made this credential for this family. */
  verify(family: CredentialSalt, claimed: Claimed): Promise<boolean>;
}

/** Undefined for anything that cannot be a credential of ours. */
export function parseCredential(value: string): Claimed | undefined {
  if (value.length > 64) return undefined;
  const bytes = fromBase64url(value);
  if (!bytes || bytes.length !== HEAD + LENGTHS.mac || bytes[0] !== VERSION) return undefined;
  const head = bytes.subarray(0, HEAD);
  return {
    kid: head.subarray(1, 1 + LENGTHS.kid),
    family: base64url(head.subarray(1 + LENGTHS.kid, 1 + LENGTHS.kid + LENGTHS.family)),
    rot: new DataView(head.buffer, head.byteOffset).getUint32(HEAD - LENGTHS.rotation),
    head,
    mac: bytes.subarray(HEAD),
    bytes,
  };
}

export function credentials(keys: ServerKeys): Credentials {
  // Derivation costs more than everything else in a refresh, and a family comes back.
  const derived = new BoundedCache<Hmac>(20_000);
  /** The last credential of each family that was made or verified here: most often the next that is presented. */
  const genuine = new BoundedCache<{ salt: string; bytes: Bytes }>(20_000);

  async function derive(key: ServerKey, salt: string): Promise<Hmac> {
    const secret = await key.derive('cookie', fromBase64url(salt) ?? new Uint8Array());
    if (native) return hmacOf(native, secret, HEAD);
    const imported = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
    return async (head) => new Uint8Array(await crypto.subtle.sign('HMAC', imported, head));
  }
  async function macOf(key: ServerKey, salt: string, head: Bytes): Promise<Bytes> {
    const name = `${key.kidText} ${salt}`;
    let hmac = derived.get(name);
    if (!hmac) derived.set(name, (hmac = await derive(key, salt)));
    return (await hmac(head)).subarray(0, LENGTHS.mac);
  }
  return {
    async derive(family, rot) {
      const key = keys.current;
      const number = new Uint8Array(LENGTHS.rotation);
      new DataView(number.buffer).setUint32(0, rot);
      const head = concat(Uint8Array.of(VERSION), key.kid, fromBase64url(family.id)!, number);
      const made = concat(head, await macOf(key, family.salt, head));
      genuine.set(family.id, { salt: family.salt, bytes: made });
      return base64url(made);
    },
    async verify(family, claimed) {
      const key = keys.find(claimed.kid);
      // The family's number is under the MAC: a credential of another family cannot verify.
      if (!key) return false;
      const last = genuine.get(family.id);
      if (last?.salt === family.salt && sameBytes(last.bytes, claimed.bytes)) return true;
      if (!sameBytes(await macOf(key, family.salt, claimed.head), claimed.mac)) return false;
      genuine.set(family.id, { salt: family.salt, bytes: claimed.bytes });
      return true;
    },
  };
}
