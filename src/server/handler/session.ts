/** `GET /auth/session`: says who is signed in. Never rotates, never returns a token, never slides the idle expiry. */
import type { SessionAnswer } from '../../contract/wire.js';
import { ok, type Draft } from './draft.js';
import type { Caller } from './gate.js';
import { tidy } from './jar.js';
import { readPresented } from './present-read.js';
import type { Service } from './service.js';
import { wantedOf } from './wanted.js';

export async function session(service: Service, request: Request, caller: Caller): Promise<Draft> {
  const reading = await readPresented(service, request, caller.origin);
  if (reading.kind === 'inactive') {
    const { verified, unknownSid } = reading.jar;
    const sid = reading.reason === 'stale' ? undefined : (verified[0]?.family.sid ?? unknownSid ?? undefined);
    const body: SessionAnswer = { active: false, reason: reading.reason, sid };
    return ok(body, tidy(service, reading.jar));
  }
  const { now, jar } = reading;
  const { family } = reading.presented;
  const wanted = await wantedOf(family, undefined, undefined, null);
  const token = typeof wanted === 'string' ? undefined : family.tokens[wanted.key];
  const body: SessionAnswer = {
    active: true,
    gen: family.gen,
    sid: family.sid,
    sub: family.sub,
    ...(token && token.expiresAt > now ? { expires_in: Math.floor((token.expiresAt - now) / 1_000) } : {}),
    refresh_expires_in: Math.floor((Math.min(family.idleExpiry, family.absoluteExpiry) - now) / 1_000),
    server_time: now,
  };
  return ok(body, tidy(service, jar));
}
