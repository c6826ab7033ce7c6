/**
 * `POST /auth/refresh`.
 *
 * Two independent outcomes: what becomes of the cookie, decided in one atomic step on arrival, and what becomes
 * of the token. The cookie's goes with whatever status the token's ends in:
 *
 *     present ──► rotated ──► token limited / upstream down ──► 429 / 503  + Set-Cookie + attempt_settled
 *                     └─────► store away or silent, a defect ──► 503 / 500 or a token of memory, made by the
 *                             dispatcher              carry()  + Set-Cookie + attempt_settled
 */
import type { ErrorAnswer, Outcome } from '../../contract/wire.js';
import { shortHash } from '../encoding.js';
import type { FamilyRecord, TokenRecord } from '../families/family.js';
import type { Obtained } from '../mediation/mediator.js';
import { UpstreamError } from '../upstream/upstream.js';
import { later, upstreamDraft } from './upstream-draft.js';
import type { Presented, TokenAsk } from '../store.js';
import { serverTiming } from './server-timing.js';
import { announceDegraded, announceRotation } from '../events/told.js';
import { orphaned } from '../device-grant/children.js';
import { endedElsewhere, endFamilyNow, metEnded } from './aftermath.js';
import type { Heard } from './call.js';
import { ended, malformed, nobody, ok, refusal, slowDown, versionConflict, type Draft } from './draft.js';
import { isNative, type Caller } from './gate.js';
import { openHeld, openJar, openKnown, tidy, type Jar, type LiveJar } from './jar.js';
import { withoutOlder } from './older-logins.js';
import { movesCookie, sendCookie, withCookie, type Accepted } from './new-cookie.js';
import { observeRefresh } from './observe-refresh.js';
import type { ReadRefresh, RefreshRequest } from './refresh-request.js';
import type { Service } from './service.js';
import { clientOf, tokenAnswer, tokenAsk } from './token-ask.js';
import { wantedOf, type Wanted } from './wanted.js';

/** Puts what the store has decided for the credential on an answer that somebody else makes. */
export type Carry = (draft: Draft) => Promise<Draft>;

export async function refresh(
  service: Service,
  request: Heard,
  caller: Caller,
  read: ReadRefresh,
  decided: (carry: Carry) => void,
): Promise<Draft> {
  const started = service.clock.now();
  if ('draft' in read) return read.draft;
  const { asked } = read;
  // One round trip: the atomic step itself says whether the family lives. If it does not, the long way tells more.
  const known = await openKnown(service, request, caller.origin, asked.credential);
  const early = known && (await show(service, known, asked));
  if (typeof early === 'object' && early.presented.kind !== 'ended' && early.presented.kind !== 'unknown') {
    return conclude(service, early, asked, started, decided);
  }
  const jar = isNative(caller) ? await openHeld(service, asked.credential) : await openJar(service, request, caller.origin);
  const { live } = jar;
  if (!live) return withoutLive(service, jar);
  if (await orphaned(service, live.family)) return endedWithParent(service, jar, live.family);
  const shown = await show(service, { ...(await withoutOlder(service, jar)), live }, asked);
  return typeof shown === 'string' ? malformed(shown) : conclude(service, shown, asked, started, decided);
}

/** A credential that was presented to the store, and what the store decided. */
interface Shown {
  jar: LiveJar;
  wanted: Wanted;
  /** The ids as the store has them, in the order they were sent. */
  hashed: readonly [string, ...string[]];
  presented: Presented;
}

/** Presents it; a sentence when what was asked for cannot be granted. */
async function show(service: Service, jar: LiveJar, asked: RefreshRequest): Promise<Shown | string> {
  const { family, rot } = jar.live;
  const wanted = await wantedOf(family, asked.scope, asked.resource, service.tokens.resources);
  if (typeof wanted === 'string') return wanted;
  const hashed = (await Promise.all(asked.ids.map(shortHash))) as [string, ...string[]];
  const presented = await service.store.present(family.id, {
    rot,
    ids: hashed,
    reason: asked.reason,
    raceMs: service.timing.raceMs,
    floorMs: service.timing.floorMs,
    token: tokenAsk(service, family, wanted, asked),
  });
  return { jar, wanted, hashed, presented };
}

async function conclude(service: Service, shown: Shown, asked: RefreshRequest, started: number, decided: (carry: Carry) => void): Promise<Draft> {
  const { jar, wanted, hashed, presented } = shown;
  const rawId = (id: string) => asked.ids[hashed.indexOf(id)];
  let told = false;
  const tell = (draft: Draft): Draft => {
    // Nobody hears any more of an answer that comes after the one made in its place.
    if (!told) note(service, shown, asked, draft, started);
    told = true;
    const client = presented.kind === 'unknown' ? undefined : clientOf(service, presented.family).kind;
    return { ...draft, client, headers: { 'Server-Timing': serverTiming(), ...draft.headers } };
  };
  if (presented.kind === 'accepted') {
    const settled = presented.settled === null ? undefined : rawId(presented.settled);
    decided(async (draft) => tell(movesCookie(presented) ? await sendCookie(service, jar, presented, settled, draft) : draft));
  }
  return tell(await answer(service, jar, asked, wanted, presented, rawId));
}

function note(service: Service, { presented, hashed }: Shown, asked: RefreshRequest, draft: Draft, started: number): void {
  if (presented.kind === 'accepted' && !service.tokens.mints) {
    service.detach('note activity', service.activity.seen(presented.family.id, presented.now));
  }
  if (presented.kind === 'accepted' && presented.outcome === 'rotated') announceRotation(service, presented, draft);
  observeRefresh(service, { presented, asked, attempt: hashed[0], draft, started });
}

async function endedWithParent(service: Service, jar: Jar, family: FamilyRecord): Promise<Draft> {
  await endFamilyNow(service, family, 'revoked');
  return ended('revoked', family.sid, tidy(service, jar, [family.id]));
}

/** Nothing alive was presented: no cookie, a dead family, or one nobody knows. */
function withoutLive(service: Service, jar: Jar): Draft {
  const newest = jar.verified[0];
  if (newest) metEnded(service, newest.family);
  if (newest?.death) return ended(newest.death, newest.family.sid, tidy(service, jar));
  if (jar.unknownSid !== null) return ended('no_session', jar.unknownSid, tidy(service, jar));
  return nobody(tidy(service, jar));
}

async function answer(
  service: Service,
  jar: LiveJar,
  asked: RefreshRequest,
  wanted: Wanted,
  presented: Presented,
  rawId: (hashed: string) => string | undefined,
): Promise<Draft> {
  switch (presented.kind) {
    case 'unknown':
      return ended('no_session', jar.live.family.sid, tidy(service, jar, [jar.live.family.id]));
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
  if (draft.status >= 503 && reason) announceDegraded(service, accepted, reason);
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

const wireOutcome = (outcome: Accepted['outcome']): Outcome => (outcome === 'healed' ? 'coalesced' : outcome);
