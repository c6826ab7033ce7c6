/** Random numbers and ids. `crypto.randomUUID` is missing on plain http; `getRandomValues` is everywhere. */
import type { Random } from '../core/ports.js';

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

export const createRandom = (): Random => ({
  next: () => crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32,
  id: () => hex(crypto.getRandomValues(new Uint8Array(16))),
  // WebCrypto is absent on plain http: then events simply carry no fingerprint.
  fingerprint:
    globalThis.crypto?.subtle &&
    (async (id) => hex(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(id)), 0, 4))),
});
