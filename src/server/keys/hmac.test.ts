import { createHmac, hash, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { hmacOf } from './hmac.js';

test('is the HMAC of RFC 2104, message after message', () => {
  for (const keyLength of [0, 1, 32, 64]) {
    const key = new Uint8Array(randomBytes(keyLength));
    const hmac = hmacOf({ hash }, key, 25);
    for (let n = 0; n < 20; n += 1) {
      const message = new Uint8Array(randomBytes(25));
      expect(Buffer.from(hmac(message)).toString('hex')).toBe(createHmac('sha256', key).update(message).digest('hex'));
    }
  }
});

test('refuses what it would get wrong', () => {
  expect(() => hmacOf({ hash }, new Uint8Array(65), 25)).toThrow(RangeError);
  expect(() => hmacOf({ hash }, new Uint8Array(32), 25)(new Uint8Array(24))).toThrow(RangeError);
});
