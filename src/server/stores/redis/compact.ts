/**
 * Short spellings for the texts a session is made of: ids, salts and hashes are 16 random bytes in 22 characters, and
 * a user is often a UUID. One text has one spelling, so scripts may compare them.
 *
 *     00 text            as it is
 *     01 16 bytes text   text, then the 22 characters of base64url
 *     02 16 bytes        a UUID in lower case
 */
const PLAIN = 0;
const RANDOM = 1;
const UUID = 2;

/** The last of the 22 characters carries two bits: only these four end the one canonical spelling. */
const RANDOM_TEXT = /[A-Za-z0-9_-]{21}[AQgw]$/;
const UUID_TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function compact(text: string): Buffer {
  if (UUID_TEXT.test(text)) return Buffer.concat([Buffer.of(UUID), Buffer.from(text.replaceAll('-', ''), 'hex')]);
  if (!RANDOM_TEXT.test(text)) return Buffer.concat([Buffer.of(PLAIN), Buffer.from(text)]);
  const bytes = Buffer.allocUnsafe(17 + Buffer.byteLength(text) - 22);
  bytes[0] = RANDOM;
  bytes.write(text.slice(-22), 1, 'base64url');
  bytes.write(text.slice(0, -22), 17);
  return bytes;
}

export function expand(bytes: Buffer): string {
  if (bytes[0] === PLAIN) return bytes.toString('utf8', 1);
  if (bytes[0] === RANDOM) return bytes.toString('utf8', 17) + bytes.toString('base64url', 1, 17);
  const hex = bytes.toString('hex', 1);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
