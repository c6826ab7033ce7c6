/**
 * AES-256-GCM for what must be at rest and unreadable: upstream tokens, login transactions.
 * `b64url(version ‖ kid(4) ‖ iv(12) ‖ ciphertext)`; the context binds a ciphertext to its place, so that
 * nothing sealed for one family can be moved to another.
 */
import type { ServerRandom } from '../clock.js';
import { base64url, concat, fromBase64url, text, utf8 } from '../encoding.js';
import type { ServerKey, ServerKeys } from './server-keys.js';

const VERSION = 1;

export interface Sealer {
  seal(context: string, value: string): Promise<string>;
  /** Undefined when it was tampered with, sealed elsewhere, or its key is gone. */
  open(context: string, sealed: string): Promise<string | undefined>;
}

export function sealer(keys: ServerKeys, random: ServerRandom): Sealer {
  const imported = new Map<ServerKey, Promise<CryptoKey>>();
  const importKey = async (key: ServerKey) =>
    crypto.subtle.importKey('raw', await key.derive('seal'), 'AES-GCM', false, ['encrypt', 'decrypt']);
  const keyOf = (key: ServerKey): Promise<CryptoKey> => {
    const known = imported.get(key) ?? importKey(key);
    imported.set(key, known);
    return known;
  };
  return {
    async seal(context, value) {
      const key = keys.current;
      const head = concat(Uint8Array.of(VERSION), key.kid);
      const iv = random.bytes(12);
      const sealed = await crypto.subtle.encrypt(
        { name: 'AES-GCM', iv, additionalData: concat(head, utf8(context)) },
        await keyOf(key),
        utf8(value),
      );
      return base64url(concat(head, iv, new Uint8Array(sealed)));
    },
    async open(context, sealed) {
      const bytes = fromBase64url(sealed);
      if (!bytes || bytes.length < 33 || bytes[0] !== VERSION) return undefined;
      const key = keys.find(bytes.subarray(1, 5));
      if (!key) return undefined;
      try {
        const plain = await crypto.subtle.decrypt(
          { name: 'AES-GCM', iv: bytes.slice(5, 17), additionalData: concat(bytes.subarray(0, 5), utf8(context)) },
          await keyOf(key),
          bytes.slice(17),
        );
        return text(new Uint8Array(plain));
      } catch {
        return undefined;
      }
    },
  };
}
