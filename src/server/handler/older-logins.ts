/**
 * Of several logins that live in one jar the newest counts, so the others have been replaced. Who signs in through a
 * provider comes back without Strict cookies, and nobody could end them then:
 *
 *     tab 1   GET /login ─────── callback: A          no cookie came along that names another login
 *     tab 2       GET /login ──────── callback: B     nor does one here
 *     page                                  refresh with A and B: B counts, A ends
 *                                              sign-out of B: were A alive, its user would be back with the next refresh
 */
import { replaceFamily } from './aftermath.js';
import type { Jar } from './jar.js';
import type { Service } from './service.js';

/** The jar once they have ended. */
export async function withoutOlder(service: Service, jar: Jar): Promise<Jar> {
  const older = jar.verified.filter(({ family, death }) => death === null && family.id !== jar.live?.family.id);
  if (older.length === 0) return jar;
  for (const { family } of older) await replaceFamily(service, family);
  return { ...jar, verified: jar.verified.map((one) => (older.includes(one) ? { ...one, death: 'signed_out' as const } : one)) };
}
