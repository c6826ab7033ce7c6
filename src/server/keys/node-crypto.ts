/**
 * `node:crypto`, where there is one. WebCrypto sends each hash and each signature to a thread and back, which costs several
 * times the work itself; a runtime without the module (workers) uses WebCrypto and gives the same bytes.
 *
 * Asked for at run time, so that no bundle needs to know the module; hence these few types of its own.
 */
import type { Bytes } from '../encoding.js';

type Secret = object;

export interface Native {
  hash(algorithm: 'sha256', data: string | Uint8Array, encoding: 'buffer'): Uint8Array;
  hkdfSync(digest: 'sha256', secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): ArrayBuffer;
  createPrivateKey(key: { key: Bytes; format: 'der'; type: 'pkcs8' }): Secret;
  sign(algorithm: null, data: Uint8Array, key: Secret): Uint8Array;
}

const PARTS = ['hash', 'hkdfSync', 'createPrivateKey', 'sign'] as const;

interface Host {
  process?: { getBuiltinModule?: (name: string) => unknown };
}

export function nodeCrypto(host: object = globalThis): Native | undefined {
  const found = (host as Host).process?.getBuiltinModule?.('node:crypto') as Partial<Native> | undefined;
  // Other runtimes have the module in part.
  return found && PARTS.every((part) => typeof found[part] === 'function') ? (found as Native) : undefined;
}

/** Of this process. */
export const native = nodeCrypto();
