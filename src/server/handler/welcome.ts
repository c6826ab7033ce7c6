/** The cookies of a new login; whoever was signed in here before is signed out. */
import type { FamilyRecord } from '../families/family.js';
import { replaceFamily } from './aftermath.js';
import { openJar, tidy } from './jar.js';
import type { Service } from './service.js';

export async function welcome(service: Service, request: Request, origin: string, family: FamilyRecord): Promise<{ cookies: string[] }> {
  const jar = await openJar(service, request, origin);
  for (const { family: before, death } of jar.verified) {
    if (death === null) await replaceFamily(service, before);
  }
  const lifetime = family.absoluteExpiry - family.createdAt;
  const name = await service.cookies.nameOf(family.origin, family.id);
  const ended = jar.verified.map(({ family: { id } }) => id);
  return {
    cookies: [
      service.cookies.set(name, await service.credentials.derive(family, family.rot), lifetime),
      ...(origin === service.place.publicOrigin ? [service.cookies.setHint(lifetime)] : []),
      // Without its header the jar has no hint to expire: it has just been set, and two Set-Cookie of one name
      // would race (RFC 6265bis §4.1).
      ...tidy(service, { ...jar, header: null }, ended),
    ],
  };
}
