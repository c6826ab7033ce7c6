/** The two codes of a device: one that it keeps, one that a person types. @see RFC 8628 §6.1 */
import type { ServerRandom } from '../clock.js';
import { base64url } from '../encoding.js';

/** No vowels, so that no words come about; nothing that is easily taken for something else. */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const LENGTH = 8;

export const deviceCode = (random: ServerRandom): string => base64url(random.bytes(32));

/** Eight letters, 34 bits: enough for ten minutes behind a limit on guesses. */
export function userCode(random: ServerRandom): string {
  let code = '';
  while (code.length < LENGTH) {
    // Bytes beyond the last whole multiple would favour the first letters.
    for (const byte of random.bytes(16)) if (byte < 240 && code.length < LENGTH) code += LETTERS[byte % LETTERS.length];
  }
  return code;
}

/** As a person reads it: `BCDF-GHJK`. */
export const shown = (code: string): string => `${code.slice(0, 4)}-${code.slice(4)}`;

/** As a person types it: any case, with or without the dash. `undefined` when it cannot be one. */
export function typed(text: unknown): string | undefined {
  if (typeof text !== 'string' || text.length > 32) return undefined;
  const code = text.toUpperCase().replace(/[\s-]/g, '');
  return code.length === LENGTH && [...code].every((letter) => LETTERS.includes(letter)) ? code : undefined;
}
