/**
 * The server's secrets. One master key derives everything (HKDF, RFC 5869): cookies, sealing, the local
 * issuer's signing key, login transactions. Several keys may be given for a roll-over: the first one
 * writes, all of them read.
 */
import { base64url, fromBase64url, sha256, utf8, type Bytes } from '../encoding.js';
import { MisconfiguredError } from '../config/misconfigured.js';
import { native } from './node-crypto.js';

export interface ServerKey {
  /** First 4 bytes of the key's SHA-256: names the key in cookies and ciphertexts without telling it. */
  readonly kid: Bytes;
  readonly kidText: string;
  /** 256 bits for one purpose; the same purpose and salt give the same bytes on every node. */
  derive(purpose: string, salt?: Bytes): Promise<Bytes>;
}

export interface ServerKeys {
  readonly current: ServerKey;
  /** The current one first. */
  readonly all: readonly ServerKey[];
  find(kid: Uint8Array): ServerKey | undefined;
}

const HOW = 'Generate one with `openssl rand -base64 32` and set it as TABATON_KEY (several, newest first, are separated by commas).';

/** Reads key texts, newest first. @throws MisconfiguredError when there is none, or one is too weak. */
export function keyBytes(texts: readonly string[]): Bytes[] {
  if (texts.length === 0) throw new MisconfiguredError('keys', `no server key is set. ${HOW}`);
  const secrets = texts.map((source) => checked(decode(source.trim())));
  if (new Set(secrets.map(base64url)).size < secrets.length) {
    throw new MisconfiguredError('keys', 'the same key is given twice. Remove one.');
  }
  return secrets;
}

export async function serverKeys(secrets: readonly Bytes[]): Promise<ServerKeys> {
  const keys = await Promise.all(secrets.map(serverKey));
  const byKid = new Map(keys.map((key) => [key.kidText, key]));
  return { current: keys[0]!, all: keys, find: (kid) => byKid.get(base64url(kid)) };
}

function checked(secret: Bytes): Bytes {
  if (secret.length < 32) {
    throw new MisconfiguredError('keys', `a server key has ${secret.length} bytes, at least 32 are needed. ${HOW}`);
  }
  if (new Set(secret).size < 8) {
    throw new MisconfiguredError('keys', `a server key repeats a few bytes and can be guessed. ${HOW}`);
  }
  return secret;
}

async function serverKey(secret: Bytes): Promise<ServerKey> {
  const kid = (await sha256(secret)).slice(0, 4);
  const base = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
  return {
    kid,
    kidText: base64url(kid),
    async derive(purpose, salt = new Uint8Array()) {
      if (native) return new Uint8Array(native.hkdfSync('sha256', secret, salt, utf8(`tabaton/1/${purpose}`), 32));
      const bits = await crypto.subtle.deriveBits(
        { name: 'HKDF', hash: 'SHA-256', salt, info: utf8(`tabaton/1/${purpose}`) },
        base,
        256,
      );
      return new Uint8Array(bits);
    },
  };
}

/** Hex, base64 or base64url when it is one of these, otherwise the text's own bytes. */
function decode(source: string): Bytes {
  if (/^(?:[0-9a-f]{2})+$/i.test(source)) {
    return Uint8Array.from(source.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  }
  const plain = source.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  return fromBase64url(plain) ?? utf8(source);
}
