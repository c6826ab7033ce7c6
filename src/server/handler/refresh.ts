/**
 * `POST /auth/refresh`.
 *
 * Two independent outcomes: what becomes of the cookie, decided in one atomic step on arrival, and what becomes
 * of the token. The cookie's goes with whatever status the token's ends in:
 *
 *     present ──► rotated ──► token limited / upstream down ──► 429 / 503  + Set-Cookie + attempt_settled
 */
import type { ErrorAnswer, Outcome } from '../../contract/wire.js';
import { shortHash } from '../encoding.js';
import { deathOf, type FamilyRecord, type TokenRecord } from '../families/family.js';
import type { Obtained } from '../mediation/mediator.js';
import { UpstreamError } from '../upstream/upstream.js';
import { later, upstreamDraft } from './upstream-draft.js';
import type { Presented, TokenAsk } from '../store.js';
import { serverTiming } from './server-timing.js';
import { announceDegraded, announceRotation } from '../events/told.js';
import { orphaned } from '../device-grant/children.js';
import { endedElsewhere, endFamilyNow } from './aftermath.js';
import type { Heard } from './call.js';
import { ended, malformed, nobody, ok, refusal, type Draft } from './draft.js';
import { isNative, type Caller } from './gate.js';
import { openHeld, openJar, tidy, type Jar } from './jar.js';
import { observeRefresh } from './observe-refresh.js';
import type { ReadRefresh, RefreshRequest } from './refresh-request.js';
import type { Service } from './service.js';
import { clientOf, tokenAnswer, tokenAsk } from './token-ask.js';
import { wantedOf, type Wanted } from './wanted.js';

export async function refresh(service: Service, request: Heard, caller: Caller, read: ReadRefresh): Promise<Draft> {
  const started = service.clock.now();
  if ('draft' in read) return read.draft;
  const { asked } = read;
  const jar = isNative(caller) ? await openHeld(service, asked.credential) : await openJar(service, request, caller.origin);
  if (!jar.live) return withoutLive(service, jar);
  if (await orphaned(service, jar.live.family)) return endedWithParent(service, jar, jar.live.family);

  const wanted = await wantedOf(jar.live.family, asked.scope, asked.resource, service.tokens.resources);
  if (typeof wanted === 'string') return malformed(wanted);
  const hashed = (await Promise.all(asked.ids.map(shortHash))) as [string, ...string[]];
  const presented = await service.store.present(jar.live.family.id, {
    rot: jar.live.rot,
    ids: hashed,
    reason: asked.reason,
    raceMs: service.timing.raceMs,
    floorMs: service.timing.floorMs,
    token: tokenAsk(service, jar.live.family, wanted, asked),
  });
  const draft = await answer(service, jar, asked, wanted, presented, (id) => asked.ids[hashed.indexOf(id)]);
  if (presented.kind === 'accepted' && !service.tokens.mints) {
    service.detach('note activity', service.activity.seen(presented.family.id, presented.now));
  }
  if (presented.kind === 'accepted' && presented.outcome === 'rotated') announceRotation(service, presented.family, draft);
  observeRefresh(service, { presented, asked, attempt: hashed[0], draft, started });
  const client = presented.kind === 'unknown' ? undefined : clientOf(service, presented.family).kind;
  return { ...draft, client, headers: { 'Server-Timing': serverTiming(), ...draft.headers } };
}

async function endedWithParent(service: Service, jar: Jar, family: FamilyRecord): Promise<Draft> {
  await endFamilyNow(service, family, 'revoked');
  return ended('revoked', family.sid, tidy(service, jar, [family.id]));
}

/** Nothing alive was presented: no cookie, a dead family, or one nobody knows. */
function withoutLive(service: Service, jar: Jar): Draft {
  const newest = jar.verified[0];
  if (newest?.death) return ended(newest.death, newest.family.sid, tidy(service, jar));
  if (jar.unknownSid !== null) return ended('no_session', jar.unknownSid, tidy(service, jar));
  return nobody(tidy(service, jar));
}

async function answer(
  service: Service,
  jar: Jar,
  asked: RefreshRequest,
  wanted: Wanted,
  presented: Presented,
  rawId: (hashed: string) => string | undefined,
): Promise<Draft> {
  switch (presented.kind) {
    case 'unknown':
      return ended('no_session', jar.live!.family.sid, tidy(service, jar, [jar.live!.family.id]));
    case 'ended':
      return ended(presented.reason, presented.family.sid, tidy(service, jar, [presented.family.id]));
    case 'reuse':
      endedElsewhere(service, presented.family, 'reuse_detected');
      return ended('reuse_detected', presented.family.sid, tidy(service, jar, [presented.family.id]));
    case 'spent': {
      const settled = rawId(presented.settled);
      const draft = refusal(409, 'temporarily_unavailable', 'attempt_spent', 'This attempt has won before. Mint a new id and present again at once.', {
        attemptSettled: settled,
      });
      return presented.sendCookie ? sendCookie(service, jar, presented, settled, draft) : draft;
    }
    case 'accepted': {
      const settled = presented.settled === null ? undefined : rawId(presented.settled);
      const draft = await tokenDraft(service, asked, wanted, presented);
      return withCookie(service, jar, presented, settled, draft);
    }
  }
}

type Accepted = Extract<Presented, { kind: 'accepted' }>;

async function tokenDraft(service: Service, asked: RefreshRequest, wanted: Wanted, accepted: Accepted): Promise<Draft> {
  const { family, token, now } = accepted;
  // After the rotation decision: a flood must not keep the victim from presenting its cookie.
  const wait = service.refreshes.take(family.id);
  if (wait > 0) return slowDown('This session refreshes too often.', wait);
  if (token.kind === 'served' && (await service.versions.behind(family, wanted, asked.have, token.token.gen))) {
    return versionConflict(token.token.gen);
  }
  switch (token.kind) {
    case 'limited':
      return slowDown(`A token newer than generation ${asked.have ?? family.gen} was asked for too soon.`, token.retryAfterMs);
    case 'needed':
      return timedObtain(service, wanted, accepted, tokenAsk(service, family, wanted, asked));
    case 'served':
    case 'minted':
      return granted(service, wanted, accepted, family, token.token, now);
  }
}

async function granted(
  service: Service,
  wanted: Wanted,
  { outcome }: Accepted,
  family: FamilyRecord,
  token: TokenRecord,
  now: number,
): Promise<Draft> {
  // Signing (or opening) the same token again costs more than all the rest of a cached answer.
  const accessToken = service.warm.text(family.id, wanted, token) ?? (await service.tokens.reveal(family, wanted, token));
  if (accessToken === undefined) return upstreamDraft(new UpstreamError('malformed', 'The stored token cannot be opened.'));
  service.warm.remember(family, wanted, token, accessToken, now);
  const body = tokenAnswer(family, wanted, token, accessToken, now, wireOutcome(outcome));
  if (outcome === 'raced') body.settle_after = service.timing.settleAfterMs / 1_000;
  return ok(body);
}

async function timedObtain(service: Service, wanted: Wanted, accepted: Accepted, ask: TokenAsk): Promise<Draft> {
  const obtained = await service.tokens.obtain(accepted.family, wanted, ask);
  const draft = await obtainedDraft(service, wanted, accepted, obtained);
  const { reason } = draft.body as Partial<ErrorAnswer>;
  if (draft.status >= 503 && reason) announceDegraded(service, accepted.family, reason);
  return { ...draft, headers: { ...draft.headers, 'Server-Timing': serverTiming(obtained.spent) } };
}

async function obtainedDraft(service: Service, wanted: Wanted, accepted: Accepted, obtained: Obtained): Promise<Draft> {
  switch (obtained.kind) {
    case 'token':
      return granted(service, wanted, accepted, obtained.family, obtained.token, obtained.now);
    case 'ended':
      return ended(obtained.reason, obtained.family.sid, []);
    case 'limited':
      return slowDown('A newer token was asked for too soon.', obtained.retryAfterMs);
    case 'locked':
      return later('lock_timeout', 'Another request is refreshing this session.');
    case 'slow':
      return later('upstream_unavailable', 'The provider has not answered yet; the call goes on.');
    case 'failed':
      return upstreamDraft(obtained.error);
  }
}

/** Adds what the cookie's outcome says, unless the family died while the token was made. */
async function withCookie(
  service: Service,
  jar: Jar,
  { outcome, family, now }: Accepted,
  settled: string | undefined,
  draft: Draft,
): Promise<Draft> {
  const over = (draft.body as Partial<ErrorAnswer>).session === 'ended' ? [family.id] : [];
  if (over.length > 0 || (outcome !== 'rotated' && outcome !== 'replayed')) return { ...draft, cookies: tidy(service, jar, over) };
  return sendCookie(service, jar, { family, now }, settled, draft);
}

async function sendCookie(
  service: Service,
  jar: Jar,
  { family, now }: Pick<Accepted, 'family' | 'now'>,
  settled: string | undefined,
  draft: Draft,
): Promise<Draft> {
  // A logout may have come in between; its deletion of the cookie must not be undone by this answer.
  const current: FamilyRecord | undefined = await service.store.read(family.id);
  const death = current ? deathOf(current, now) : 'no_session';
  if (death) return ended(death, family.sid, tidy(service, jar, [family.id]));
  const name = jar.live!.name;
  const value = await service.credentials.derive(family, family.rot);
  const body = { ...draft.body, attempt_settled: settled };
  if (family.credential === 'body') return { ...draft, body: { ...body, refresh_token: value } };
  return {
    ...draft,
    body,
    cookies: [service.cookies.set(name, value, family.absoluteExpiry - now), ...tidy(service, jar)],
  };
}

const versionConflict = (gen: number): Draft =>
  refusal(409, 'temporarily_unavailable', 'version_conflict', 'There is a newer token than the one you hold. If you do not have it, ask again.', {
    gen,
    retryAfterMs: 1_000,
  });

const slowDown = (description: string, retryAfterMs: number): Draft =>
  refusal(429, 'slow_down', 'rate_limited', description, { retryAfterMs });

const wireOutcome = (outcome: Accepted['outcome']): Outcome => (outcome === 'healed' ? 'coalesced' : outcome);
