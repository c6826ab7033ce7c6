/**
 * The cookie that goes with a refresh, whatever became of the token.
 *
 *     present ──► signed here ─────────────────────────► Set-Cookie      nothing was waited for: its word still holds
 *     present ──► provider asked, seconds ──► read ──► Set-Cookie      unless a logout came in between
 *
 * A cookie that is overtaken by a logout on its way, as any answer can be, lands on the name of its own dead family: the
 * next presentation is told of the end, and expires the name.
 */
import type { ErrorAnswer } from '../../contract/wire.js';
import { deathOf } from '../families/family.js';
import type { Presented } from '../store.js';
import { ended, type Draft } from './draft.js';
import { tidy, type LiveJar } from './jar.js';
import type { Service } from './service.js';

export type Accepted = Extract<Presented, { kind: 'accepted' }>;

export const movesCookie = ({ outcome }: Accepted): boolean => outcome === 'rotated' || outcome === 'replayed';

/** Adds what the cookie's outcome says, unless the family died while the token was made. */
export async function withCookie(
  service: Service,
  jar: LiveJar,
  accepted: Accepted,
  settled: string | undefined,
  draft: Draft,
): Promise<Draft> {
  const { family, token } = accepted;
  const over = (draft.body as Partial<ErrorAnswer>).session === 'ended' ? [family.id] : [];
  if (over.length > 0 || !movesCookie(accepted)) return { ...draft, cookies: tidy(service, jar, over) };
  const waited = token.kind === 'needed' || service.versions.strict;
  return (waited && (await overMeanwhile(service, jar, accepted))) || sendCookie(service, jar, accepted, settled, draft);
}

export async function sendCookie(
  service: Service,
  jar: LiveJar,
  { family, now }: Pick<Accepted, 'family' | 'now'>,
  settled: string | undefined,
  draft: Draft,
): Promise<Draft> {
  const name = jar.live.name;
  const value = await service.credentials.derive(family, family.rot);
  const body = { ...draft.body, attempt_settled: settled };
  if (family.credential === 'body') return { ...draft, body: { ...body, refresh_token: value } };
  return {
    ...draft,
    body,
    cookies: [service.cookies.set(name, value, family.absoluteExpiry - now), ...tidy(service, jar)],
  };
}

/** The answer when the family has ended since the store decided: the deletion of its cookie must not be undone. */
async function overMeanwhile(service: Service, jar: LiveJar, { family, now }: Accepted): Promise<Draft | undefined> {
  const current = await service.store.read(family.id);
  const death = current ? deathOf(current, now) : 'no_session';
  return death ? ended(death, family.sid, tidy(service, jar, [family.id])) : undefined;
}
