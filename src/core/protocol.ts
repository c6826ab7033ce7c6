/**
 * Everything a session does beyond handing out the token it holds: refreshing, hearing the others,
 * starting and ending sessions. Loaded when it is first needed, so a visitor who never signed in
 * downloads none of it.
 */
import { commit } from './commit.js';
import { TabatonError } from './errors.js';
import { createFlights, over, type Request } from './flight.js';
import { isLater, keyOf, type Grant } from './grant.js';
import { createHearing } from './hearing.js';
import type { Context } from './context.js';
import { createHub, type Hub } from './hub.js';
import { releaseHold, takeHold } from './record-moves.js';
import { isClosed, spanHolds } from './record.js';
import { seal, sealedError } from './sealed.js';
import { abortExchanges, insistAnew, insistOnLogout, signOut } from './sign-out.js';
import type { AbortSignalLike, GetTokenOptions, GrantInput, RefreshOptions, TokenTarget } from './types.js';
import { classify } from './verdict.js';

/** How long other contexts may answer a new document before it looks at the ledger and asks the endpoint. */
const HELLO_MS = 25;
/** When a part that could not be loaded is tried again. */
const LOAD_AGAIN_MS = 30_000;

export interface Protocol {
  hear(data: unknown): void;
  /** A token at any price but a second refresh. */
  getToken(wish: GetTokenOptions): Promise<string>;
  /** One try without anybody waiting. */
  refreshAhead(target: TokenTarget): void;
  refresh(options: RefreshOptions): Promise<string>;
  /** Whatever is held: only the endpoint's own answer will do. */
  verify(): Promise<unknown>;
  /** There may be a session: adopt its token or ask for one, and keep at it. */
  restore(): void;
  start(input?: GrantInput): Promise<void>;
  signIn(returnTo: string): Promise<void>;
  signOut(scope: 'device' | 'all'): Promise<void>;
  insistOnLogout(): Promise<void>;
  /** Runs again after bfcache or a freeze: whatever was said meanwhile was not heard. */
  resync(): Promise<void>;
  /** Whatever is backing off looks again now. */
  hasten(): void;
  /** Resolves when nothing that the others have to hear of is under way. */
  landed(): Promise<unknown>;
  online(): Promise<void>;
}

/** How long a person may take to sign in, before a document that opens is taken for an ordinary one. */
const LOGIN_MS = 600_000;

/** One caller's wait: its own deadline and signal, over a refresh that goes on for the others. */
const patiently = <T>(hub: Hub, work: Promise<T>, ms: number, signal?: AbortSignalLike): Promise<T> =>
  new Promise((resolve, reject) => {
    const settle = <V>(end: (value: V) => void) => (value: V) => {
      cancel();
      signal?.removeEventListener('abort', abort);
      end(value);
    };
    const fail = settle(reject);
    const abort = () => fail(signal!.reason);
    const cancel = hub.ports.clock.after(ms, () =>
      fail(new TabatonError('refresh_timeout', `No token within ${ms} ms (${hub.trouble ?? 'no answer yet'}); the session is intact, try again.`)),
    );
    if (signal?.aborted) return abort();
    signal?.addEventListener('abort', abort, { once: true });
    work.then(settle(resolve), fail);
  });

export const createProtocol = (context: Context, name: string, lead: () => Promise<typeof import('./leadership.js')>): Protocol => {
  const hub = createHub(context, name);
  const { clock, endpoint, random } = hub.ports;
  const { timeout } = hub.options;
  const flights = createFlights(hub);

  const background = (key: string, request: Omit<Request, 'patience'>) => void flights.join(key, { ...request, patience: 0 }).catch(() => {});

  /** A new login is being written down: who asks meanwhile waits for its session, and is not content with what others hold. */
  let entering: Promise<unknown> | undefined;

  /** `patience`: how long the refresh goes on without success; the caller waits for `timeout` and no longer. */
  const ask = async (key: string, request: Omit<Request, 'patience'>, signal?: AbortSignalLike, patience = timeout): Promise<string> => {
    try {
      if (!request.demand) await entering;
      const { token } = await patiently(hub, flights.join(key, { ...request, patience }), timeout, signal);
      if (!token && !request.demand) throw sealedError();
      return token;
    } catch (error) {
      // Below the caller's wish, but alive: better than an error while the endpoint rests.
      const held = request.reason === 'startup' || request.reason === 'expiring' ? hub.valid(key) : undefined;
      if (held?.token && error instanceof TabatonError && error.code !== 'session_ended') return held.token;
      throw error;
    }
  };

  const mayAsk = () => {
    const no = over(hub) ?? (hub.sealed() ? sealedError() : undefined);
    if (no) throw no;
  };

  // Disposing wakes everybody once more.
  const stop = hub.watch(() => {
    if (!hub.disposed) return;
    stop();
    hub.leadership?.stop();
  });
  if (hub.options.mode === 'sealed') void seal(hub);
  // Without it tokens are refreshed on demand.
  const stand = (): void =>
    void lead().then(
      ({ createLeadership }) => hub.disposed || (hub.leadership = createLeadership(hub, flights)),
      () => hub.disposed || clock.after(LOAD_AGAIN_MS, stand),
    );
  if (hub.options.leadership !== 'never' && !hub.sealed()) stand();

  const protocol: Protocol = {
    hear: createHearing(hub, flights),
    hasten: flights.hasten,
    landed: () => Promise.allSettled([...hub.pending]),
    insistOnLogout: async () => {
      await hub.ledger.read();
      await insistOnLogout(hub);
    },
    signOut: (scope) => hub.during(signOut(hub, scope)),
    refreshAhead({ scope, resource }) {
      // A read of a token that is still good does not queue for the lock only to find that the endpoint rests.
      if (!spanHolds(hub.ledger.seen.cooldown, clock.wall())) background(keyOf({ scope, resource }), { scope, resource, reason: 'expiring' });
    },
    async getToken({ scope, resource, minTtl, wait, signal }) {
      const key = keyOf({ scope, resource });
      mayAsk();
      const request = { scope, resource, minTtl, reason: hub.state.grants[key] ? ('expiring' as const) : ('startup' as const) };
      if (wait !== false) return ask(key, request, signal);
      background(key, request);
      throw new TabatonError('refresh_pending', 'No fresh token yet; a refresh is under way. Call again, or without `wait: false`.');
    },
    async refresh({ reason = 'force', rejected, signal, scope, resource }) {
      const key = keyOf({ scope, resource });
      mayAsk();
      const held = hub.valid(key);
      if (rejected !== undefined && held && held.token !== rejected) return held.token;
      return ask(key, { scope, resource, reason }, signal);
    },
    verify: () => patiently(hub, flights.join('|', { reason: 'startup', demand: true, patience: timeout }), timeout),
    restore() {
      hub.post({ type: 'TOKEN_REQUEST', key: '|', have: 0 });
      clock.after(HELLO_MS, () => flights.find());
    },
    async resync() {
      const record = await hub.ledger.read();
      hub.learn();
      if (record.logout) void insistOnLogout(hub);
      const held = hub.state.grants['|'];
      if (record.sid && record.sid !== hub.state.sid && isLater(record.sessionAt, hub.state.sessionAt) && !isClosed(record, record.sid)) {
        hub.dispatch({ type: 'session_started', sid: record.sid, sessionAt: record.sessionAt });
        flights.find();
      } else if (held && (record.tokens['|']?.generation ?? 0) > held.generation) hub.post({ type: 'TOKEN_REQUEST', key: '|', have: held.generation });
      flights.hasten();
    },
    async online() {
      await hub.ledger.update((record) => (record.cooldown?.soft ? { ...record, cooldown: { ...record.cooldown, for: 0 } } : record));
      if (hub.ledger.seen.logout) void insistAnew(hub);
      flights.hasten();
    },
    async signIn(returnTo) {
      const leave = endpoint.signIn?.(returnTo);
      await hub.ledger.update((record) => ({ ...record, hint: true, login: { at: clock.wall(), for: LOGIN_MS, sid: record.sid } }), true);
      leave?.();
    },
    async start(input) {
      if (hub.sealed()) {
        if (input) throw sealedError();
        return void (await ask('|', { reason: 'startup', demand: true }));
      }
      const now = clock.wall();
      const sent = { me: hub.me, key: '|', reason: 'startup' as const, from: 0, monotonic: clock.monotonic(), wall: now, duration: 0, now, localSid: random.id(), random: random.next() };
      const verdict = input && classify({ kind: 'http', status: 200, json: input }, hub.level(), { answer: endpoint.read, claims: endpoint.claims ?? (() => undefined), now });
      if (verdict && verdict.is !== 'grant')
        throw new TabatonError('invalid_argument', `start(grant): ${'note' in verdict ? verdict.note : 'the grant cannot be used.'}`);
      // The hold moves on: nothing that was sent before this line can be mistaken for the new login.
      let grant: Grant | undefined;
      entering = hub.ledger.update((stored) => {
        const fenced = takeHold({ ...stored, logout: undefined, cooldown: undefined, settle: undefined, hint: true }, hub.me, now, 0);
        // The answer names the new session, or the commit does where the backend names none. Never this clock: a session_at
        // of ours, compared with the server's, would make the new login look older than itself.
        const anew = fenced.level === 'full' || verdict?.answer.sid ? fenced : { ...fenced, sid: undefined, subject: undefined, tokens: {} };
        const { seq } = anew.hold;
        grant = undefined;
        if (!verdict) return releaseHold(anew, hub.me, seq);
        const [next, result] = commit(anew, verdict, { ...sent, seq, sid: anew.sid });
        if (result.is === 'granted') grant = result.grant;
        // What an application hands over may say less than its endpoint does: the next refresh must not do without the winners.
        return { ...next, level: fenced.level ?? next.level };
      }, true);
      await entering;
      abortExchanges(hub);
      if (!verdict) return void (await ask('|', { reason: 'startup', demand: true }, undefined, Infinity));
      if (!grant) throw new TabatonError('invalid_argument', 'start(grant): this grant belongs to an older session than the one that is active.');
      hub.post({ type: 'SESSION_STARTED', sid: grant.sid, sessionAt: grant.sessionAt });
      hub.postGrant(grant);
      hub.dispatch({ type: 'granted', grant }, { from: 'endpoint', by: 'start' });
      hub.learn();
    },
  };
  hub.resync = protocol.resync;
  return protocol;
};
