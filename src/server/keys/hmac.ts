/**
 * HMAC-SHA-256 of short messages of one length, from two hashes. @see RFC 2104
 *
 * An object per message, as `createHmac` makes, costs more than its two hashes and once more when it is collected. The key
 * is a derived one of 32 bytes: shorter than a block, so it is padded and never hashed.
 */
import type { Bytes } from '../encoding.js';
import type { Native } from './node-crypto.js';

export type Hmac = (message: Bytes) => Bytes | Promise<Bytes>;

const BLOCK = 64;
const DIGEST = 32;

export function hmacOf({ hash }: Pick<Native, 'hash'>, key: Bytes, length: number): (message: Bytes) => Bytes {
  if (key.length > BLOCK) throw new RangeError('An HMAC key longer than a block has to be hashed first.');
  const inner = padded(key, 0x36, length);
  const outer = padded(key, 0x5c, DIGEST);
  return (message) => {
    if (message.length !== length) throw new RangeError(`This HMAC is of messages of ${length} bytes.`);
    // Written over at every call: nothing is awaited in between.
    inner.set(message, BLOCK);
    outer.set(hash('sha256', inner, 'buffer'), BLOCK);
    return hash('sha256', outer, 'buffer') as Bytes;
  };
}

function padded(key: Bytes, pad: number, room: number): Bytes {
  const bytes = new Uint8Array(BLOCK + room).fill(pad, 0, BLOCK);
  for (let i = 0; i < key.length; i += 1) bytes[i]! ^= key[i]!;
  return bytes;
}
