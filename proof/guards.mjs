/**
 * The guards of the browser half, and how each is switched off: `off` replaces `on`, which must stand in the file exactly
 * once; so do `also`'s halves, where one change is not enough. `tests` are the files where a test is expected to fail: they
 * are asked first.
 * @typedef {{ guard: string, file: string, on: string, off: string, also?: [on: string, off: string], tests?: string[] }} Guard
 * @type {Guard[]}
 */
export const guards = [
  { guard: 'the ledger is read again under the lock', file: 'src/core/opening.ts', on: 'if (alive && later) return', off: 'if (alive && later && false) return', tests: ['src/core/asking.test.ts'] },
  { guard: 'an orphan of a dead holder is waited for', file: 'src/core/opening.ts', on: 'foreign && !replays && !passed.orphan ?', off: 'foreign && false ?', tests: ['src/core/opening.test.ts'] },
  { guard: 'an orphan whose wait was cut short is handed on', file: 'src/core/record-moves.ts', on: 'hold: orphan ? { ...orphan, seq: seq + 1 } : {', off: 'hold: {', tests: ['src/simulation/regressions.test.ts'] },
  { guard: 'one attempt id per ledger', file: 'src/core/opening.ts', on: 'const attempt = stored ?? quest.attempt;', off: 'const attempt = quest.attempt;', tests: ['src/core/asking.test.ts'] },
  { guard: 'the winners are shown', file: 'src/core/opening.ts', on: 'ids: [attempt, ...record.winners]', off: 'ids: [attempt]', tests: ['src/core/asking.test.ts'] },
  { guard: 'a cooldown is shared', file: 'src/core/opening.ts', on: 'if (spanHolds(record.cooldown, now) && !quest.demand)', off: 'if (spanHolds(record.cooldown, now) && false)', tests: ['src/core/failing.test.ts'] },
  { guard: 'a 401 refreshes once a minute', file: 'src/core/opening.ts', on: "if (reason === 'unauthorized' && rejected &&", off: "if (reason === 'unauthorized' && false && rejected &&", tests: ['src/core/unauthorized.test.ts'] },
  { guard: 'the logout goes before any refresh', file: 'src/core/opening.ts', on: "if (record.logout) return stop({ go: 'logout', ...record.logout });", off: '', tests: ['src/core/opening.test.ts'] },
  { guard: 'a hold that was lost ends the turn', file: 'src/core/opening.ts', on: 'if (quest.seq >= 0 && !holds(record, me, quest.seq))', off: 'if (quest.seq >= 0 && false)', tests: ['src/core/opening.test.ts'] },
  { guard: 'a flight of a closed session is over', file: 'src/core/opening.ts', on: 'if (quest.sid && isClosed(record, quest.sid) && !quest.demand)', off: 'if (quest.sid && false)', tests: ['src/core/opening.test.ts'] },

  { guard: 'an answer is fenced by the hold', file: 'src/core/commit.ts', on: 'if (!holds(record, sent.me, sent.seq)) {', off: 'if (false as boolean) {', tests: ['src/core/commit.test.ts'] },
  { guard: 'a grant of a closed session is never committed', file: 'src/core/commit.ts', on: 'if (isClosed(record, sid)) return', off: 'if (false as boolean) return', tests: ['src/core/commit.test.ts'] },
  { guard: 'an end is fenced by the session it was sent for', file: 'src/core/commit.ts', on: "if (record.sid !== sent.sid) return [free, { is: 'stale' }];", off: '', tests: ['src/core/commit.test.ts'] },
  { guard: 'an end ends only the session it names', file: 'src/core/commit.ts', on: 'if (verdict.sid && record.sid && verdict.sid !== record.sid) return', off: 'if (false as boolean) return', tests: ['src/core/commit.test.ts'] },
  { guard: 'who settles an id is a full endpoint', file: 'src/core/commit.ts', on: "verdict.settled ? { ...heard, level: 'full' } : heard", off: 'heard', tests: ['src/core/commit.test.ts'] },
  { guard: 'two sessions of a plain backend are never equally old', file: 'src/core/commit.ts', on: 'record.sessionAt + 1) + sent.random', off: 'record.sessionAt + 1)', tests: ['src/simulation/regressions.test.ts'] },
  { guard: 'the subject tells accounts apart', file: 'src/core/commit.ts', on: '(!subject || !record.subject || subject === record.subject)', off: '(true as boolean)', tests: ['src/core/belonging.test.ts'] },

  { guard: 'only the pending attempt is settled', file: 'src/core/record-moves.ts', on: 'settled && settled === record.attempt', off: 'settled', tests: ['src/core/asking.test.ts'] },
  { guard: 'a closed session is remembered', file: 'src/core/record-moves.ts', on: 'closed: sid && !isClosed(record, sid) ? [...record.closed, { sid, at: now, reason }].slice(-8) : record.closed', off: 'closed: record.closed', tests: ['src/core/commit.test.ts'] },

  { guard: 'no token of a closed session is adopted', file: 'src/core/state.ts', on: '!state.closed.includes(grant.sid) &&', off: '', tests: ['src/core/state.test.ts'] },
  { guard: 'an older session never replaces a newer one', file: 'src/core/state.ts', on: '!state.sid || grant.sessionAt > state.sessionAt', off: 'true', tests: ['src/core/state.test.ts'] },
  { guard: 'the end of another session ends nothing here', file: 'src/core/state.ts', on: 'if (event.sid && state.sid && event.sid !== state.sid)', off: 'if (false as boolean)', tests: ['src/core/state.test.ts'] },
  { guard: 'an older generation never replaces a newer one', file: 'src/core/grant.ts', on: 'a.generation > b.generation', off: 'true', tests: ['src/core/state.test.ts'] },
  { guard: 'the wall clock ages a token', file: 'src/core/grant.ts', on: 'Math.max(clock.monotonic() - grant.monotonic, clock.wall() - grant.wall)', off: 'clock.monotonic() - grant.monotonic', tests: ['src/core/reading.test.ts'] },
  { guard: 'the monotonic clock ages a token', file: 'src/core/grant.ts', on: 'Math.max(clock.monotonic() - grant.monotonic, clock.wall() - grant.wall)', off: 'clock.wall() - grant.wall', tests: ['src/core/reading.test.ts'] },
  { guard: 'a wish is at most half a lifetime', file: 'src/core/grant.ts', on: 'Math.min(minTtl, grant.lifetime / 2)', off: 'minTtl', tests: ['src/core/reading.test.ts'] },

  { guard: 'a suspended page lets go of the refresh lock', file: 'src/core/flight.ts', on: '        mine = false;\n        held.release();', off: '        mine = false;', tests: ['src/simulation/suspended.test.ts'] },
  { guard: 'who lost the lock begins nothing new', file: 'src/core/flight.ts', on: '        mine = false;\n        held.release();', off: '        held.release();', tests: ['src/simulation/suspended.test.ts'] },
  { guard: 'who was fenced off waits before asking again', file: 'src/core/flight.ts', on: "if (landing.is === 'fenced') await", off: "if (landing.is === 'fenced' && (false as boolean)) await", tests: ['src/core/asking.test.ts'] },
  { guard: 'what a suspended page had asked the ledger is out of date', file: 'src/core/session.ts', on: 'if (mine !== boots) return;', off: '', tests: ['src/simulation/regressions.test.ts'] },
  { guard: 'a ledger that does not answer makes nobody a visitor', file: 'src/core/session.ts', on: 'known || !answer ||', off: 'known ||', tests: ['src/core/belonging.test.ts'] },
  { guard: 'a login that the ledger tells late is not missed', file: 'src/core/session.ts', on: 'late.record?.login && start()', off: 'false && start()', tests: ['src/core/belonging.test.ts'] },
  { guard: 'one flight per key in a context', file: 'src/core/flight.ts', on: 'const flying = flights.get(slot);', off: 'const flying = undefined as Flight | undefined;', tests: ['src/core/reading.test.ts'] },
  { guard: 'a token that is over is not handed out', file: 'src/core/flight.ts', on: 'if (grant && lifeLeft(grant, clock) > 0) return grant;', off: 'if (grant) return grant;', tests: ['src/simulation/regressions.test.ts'] },

  { guard: 'a suspended page takes its lock request back', file: 'src/core/contend.ts', on: "if (event === 'suspend') {\n        request?.abort();", off: "if (event === 'suspend') {", tests: ['src/simulation/redteam-liveness.test.ts'] },
  { guard: 'a waiter queues anew every 5 to 10 s', file: 'src/core/contend.ts', on: "after('again', 5_000 + random.next() * 5_000, ask);", off: '', tests: ['src/core/asking.test.ts'] },
  { guard: 'a stuck holder is overtaken', file: 'src/core/contend.ts', on: 'if (!calm) return look(', off: 'if (!calm || true) return look(', tests: ['src/core/asking.test.ts'] },
  { guard: 'only the winner of the compare-and-set steals', file: 'src/core/contend.ts', on: 'won = movement(stored) === seen;', off: 'won = true;', tests: ['src/core/asking.test.ts'] },
  { guard: 'a waiter that overslept was not waiting', file: 'src/core/contend.ts', on: '&& clock.monotonic() - due < OVERSLEPT_MS', off: '', tests: ['src/simulation/suspended.test.ts'] },

  { guard: 'a none is asked once more', file: 'src/core/holder.ts', on: "if (!nobody && verdict.is === 'none') {", off: 'if (false as boolean) {', tests: ['src/core/belonging.test.ts'] },
  { guard: 'a login that came in between outlives a none', file: 'src/core/holder.ts', on: "if (flight.done()) return { is: 'look' };\n          hub.dispatch({ type: 'anonymous' });", off: "hub.dispatch({ type: 'anonymous' });", tests: ['src/core/belonging.test.ts'] },
  { guard: 'a foreign frame’s 401 stays in the frame', file: 'src/core/holder.ts', on: "lifecycle.crossSite && said.is === 'ended' && !said.sid ?", off: 'false as boolean ?', tests: ['src/simulation/simulation.test.ts'] },
  { guard: 'who was stopped asks again before sending', file: 'src/core/holder.ts', on: 'else if (overslept()) continue;', off: '', tests: ['src/simulation/regressions.test.ts'] },
  { guard: 'the attempt is on disk before it is sent', file: 'src/core/holder.ts', on: '        true,\n        (found) => {', off: '        false,\n        (found) => {', tests: ['src/simulation/early.test.ts'] },
  { guard: 'a request goes out early only under an id that is on disk', file: 'src/core/opening.ts', on: 'early: !!stored && replays', off: 'early: replays', tests: ['src/simulation/early.test.ts'] },
  { guard: 'a request goes out early only where it can be replayed', file: 'src/core/opening.ts', on: 'early: !!stored && replays', off: 'early: !!stored', tests: ['src/simulation/early.test.ts'] },
  { guard: 'the id of the attempt to come is on disk', file: 'src/core/holder.ts', on: 'prepareAttempt(record, id), true)', off: 'prepareAttempt(record, id), false)', tests: ['src/simulation/early.test.ts'] },
  { guard: 'a refresh that ends after a sign-out repeats the logout', file: 'src/core/holder.ts', on: 'if (logout) await deliverLogout(hub, logout);', off: '', tests: ['src/simulation/redteam-sessions.test.ts'] },

  { guard: 'a lost ledger is made anew by what is known', file: 'src/core/shared-ledger.ts', on: 'return mergeRecords(record, seen);', off: 'return record;', tests: ['src/core/belonging.test.ts'] },
  { guard: 'what was read over a lost ledger is still to be written', file: 'src/core/shared-ledger.ts', on: '    owed ??= {};\n', off: '', tests: ['src/simulation/regressions.test.ts'] },
  { guard: 'a new document learns the level before it sends', file: 'src/core/holder.ts', on: 'minTtl, level, deadline', off: "minTtl, level: from ? level : 'auto', deadline", tests: ['src/simulation/regressions.test.ts'] },
  { guard: 'a newer schema is never written', file: 'src/core/shared-ledger.ts', on: 'if (before.schema > SCHEMA) return', off: 'if (false as boolean) return', tests: ['src/core/bad-input.test.ts'] },
  { guard: 'a ledger operation has a second', file: 'src/core/shared-ledger.ts', on: 'const PATIENCE_MS = 1_000;', off: 'const PATIENCE_MS = 1e9;', tests: ['src/core/belonging.test.ts'] },
  { guard: 'a write covers what was owed when it was made', file: 'src/core/shared-ledger.ts', on: 'if (covers === owed) owed = undefined;', off: 'owed = undefined;', tests: ['src/simulation/regressions.test.ts'] },
  { guard: 'what the store did not take is written later', file: 'src/core/shared-ledger.ts', on: '      owed = {};\n', off: '', tests: ['src/simulation/regressions.test.ts'] },

  { guard: 'a sign-out is written before it is said', file: 'src/core/sign-out.ts', on: "closeSession(record, sid, 'signed_out', clock.wall())", off: 'record', tests: ['src/core/belonging.test.ts'] },
  { guard: 'who learns of a pending sign-out looks after it', file: 'src/core/hub.ts', on: 'if (logout) lookAfterLogout(hub, logout.sid);', off: '', tests: ['src/simulation/regressions.test.ts'] },
  { guard: 'somebody else’s answer makes mine needless', file: 'src/core/hearing.ts', on: 'if (mine?.sid === grant.sid && mine.generation <= grant.generation) drop(answers, grant.key);', off: '', tests: ['src/core/asking.test.ts'] },
  { guard: 'who hears a token of an ended session says so', file: 'src/core/hearing.ts', on: 'if (hub.state.closed.includes(grant.sid)) return remind(grant.sid);', off: '', tests: ['src/core/belonging.test.ts'] },
  { guard: 'a pending logout is not pushed aside by an older one', file: 'src/core/record-moves.ts', on: 'record.logout && record.logout.sid !== sid && record.sid !== sid ? record :', off: '(false as boolean) ? record :', tests: ['src/simulation/regressions.test.ts'] },
  { guard: 'a session whose ledger is lost ends by word', file: 'src/core/hearing.ts', on: 'const lost = sid === hub.state.sid && record.incarnation !== before;', off: 'const lost = false as boolean;', tests: ['src/simulation/regressions.test.ts'] },
  { guard: 'a sign-out is repeated until it is heard', file: 'src/core/sign-out.ts', on: "...askLogout(closeSession(record, sid, 'signed_out', clock.wall()), sid, scope),", off: "...closeSession(record, sid, 'signed_out', clock.wall()),", tests: ['src/core/belonging.test.ts'] },
  { guard: 'a portal’s page is no logout', file: 'src/core/sign-out.ts', on: "(reply.json !== undefined || reply.status >= 400 || hub.level() !== 'full')", off: '(true as boolean)', tests: ['src/simulation/regressions.test.ts'] },
  { guard: 'a foreign frame goes on saying that somebody signed out', file: 'src/core/sign-out.ts', on: 'if (hub.insisting) return;', off: 'if (hub.insisting || hub.ports.lifecycle.crossSite) return;', tests: ['src/simulation/regressions.test.ts'] },
  { guard: 'an older session is no heir of a login that waits', file: 'src/core/record-moves.ts', on: 'late.sid || late.sessionAt > early.sessionAt ? late : early', off: 'late.sid ? late : early', tests: ['src/simulation/regressions.test.ts'] },
  { guard: 'who learns of a sign-out from the ledger says it at once', file: 'src/core/sign-out.ts', on: 'if (sid && !hub.state.closed.includes(sid)) say(hub, sid);', off: '', tests: ['src/simulation/regressions.test.ts'] },
  { guard: 'a foreign frame sends no logout', file: 'src/core/sign-out.ts', on: 'if (lifecycle.crossSite) return false;', off: '', tests: ['src/simulation/regressions.test.ts'] },

  { guard: 'another session is taken only when the ledger says so', file: 'src/core/hearing.ts', on: 'if (hub.ledger.shared && record.sid !== grant.sid) return;', off: '', tests: ['src/core/bad-input.test.ts'] },
  { guard: 'an end is looked up in the ledger', file: 'src/core/hearing.ts', on: 'if (hub.ledger.shared && !isClosed(record, sid)) {', off: 'if (false as boolean) {', tests: ['src/core/bad-input.test.ts'] },
  { guard: 'a message is checked before it is heard', file: 'src/core/messages.ts', on: 'message.protocol !== PROTOCOL ||', off: '', tests: ['src/core/belonging.test.ts'] },

  { guard: 'a caller waits 30 s in all', file: 'src/core/protocol.ts', on: 'const cancel = hub.ports.clock.after(ms, () =>', off: 'const cancel = hub.ports.clock.after(1e9, () =>', tests: ['src/core/asking.test.ts'] },
  { guard: 'a start fences what was sent before it', file: 'src/core/protocol.ts', on: 'takeHold({ ...stored,', off: '((record: typeof stored, ..._: unknown[]) => record)({ ...stored,', tests: ['src/core/belonging.test.ts'] },
  { guard: 'back from a login, nothing of the other tabs is adopted', file: 'src/core/session.ts', on: 'if (record?.login)', off: 'if (false as boolean)', tests: ['src/simulation/redteam-sessions.test.ts'] },
  { guard: 'the leader lets go when its page is suspended', file: 'src/core/leadership.ts', on: "if (event === 'suspend') resign('resigned');", off: "if (event === 'suspend') return;", tests: ['src/core/leading.test.ts'] },
  { guard: 'a hidden page does not lead for long', file: 'src/core/leadership.ts', on: "lifecycle.visible() || resign('resigned'));", off: 'undefined);', tests: ['src/core/leading.test.ts'] },
  { guard: 'a leader that stands still is deposed', file: 'src/core/leadership.ts', on: 'if (won && !held && eligible()) ask(true);', off: '', tests: ['src/simulation/redteam-liveness.test.ts'] },

  { guard: 'only the server’s word ends a full session', file: 'src/core/verdict.ts', on: "return level === 'full' ? transient(", off: 'return false as boolean ? transient(', tests: ['src/core/failing.test.ts'] },
  { guard: 'HTML with status 200 is no answer', file: 'src/core/verdict.ts', on: 'if (reply.json === undefined) return transient(note ?? `status ${status} without JSON`);', off: '', tests: ['src/core/bad-input.test.ts'] },
  { guard: 'Retry-After is at most five minutes', file: 'src/core/verdict.ts', on: 'Math.min(retryAfter, MAX_RETRY_AFTER_MS)', off: 'retryAfter', tests: ['src/core/bad-input.test.ts'] },
  { guard: 'a token must fit a header', file: 'src/core/wire-grant.ts', on: "typeof value === 'string' && value.length <= MAX_TOKEN_LENGTH && /^[\\x21-\\x7e]+$/.test(value)", off: "typeof value === 'string'", tests: ['src/core/bad-input.test.ts'] },

  { guard: 'a refresh outlives its page', file: 'src/browser/remote-endpoint.ts', on: 'keepalive: true,', off: '', tests: ['src/browser/endpoint.test.ts'] },
  { guard: 'a body is read up to 256 kB', file: 'src/browser/exchange.ts', on: '(size += value.length) > MAX_BODY_BYTES', off: '(size += value.length) > Infinity', tests: ['src/browser/endpoint.test.ts'] },
  { guard: 'a request has its own deadline', file: 'src/browser/exchange.ts', on: "stop.abort('timeout'), deadline)", off: "stop.abort('timeout'), 1e9)", tests: ['src/browser/endpoint.test.ts'] },
  { guard: 'a foreign backend is sent nothing extra', file: 'src/browser/wire-request.ts', on: "if (sameOrigin || full || level === 'fenced') {", off: 'if (true as boolean) {', tests: ['src/browser/endpoint.test.ts'] },
  { guard: 'pagehide suspends', file: 'src/browser/lifecycle.ts', on: "  pagehide: 'suspend',\n", off: '', tests: ['src/browser/lifecycle-events.test.ts'] },
  { guard: 'APIs match by whole path segments', file: 'src/clients/fetch.ts', on: 'pathname.startsWith(`${path}/`)', off: 'pathname.startsWith(path)', tests: ['src/core/unauthorized.test.ts'] },
  { guard: 'one replay per request', file: 'src/clients/fetch.ts', on: "if (await isUnauthorized(second)) say('repeated');", off: '', tests: ['src/core/unauthorized.test.ts'] },
  { guard: 'a caller’s own Authorization is never touched', file: 'src/clients/fetch.ts', on: 'if (!api || own)', off: 'if (!api)', tests: ['src/core/unauthorized.test.ts'] },
];
