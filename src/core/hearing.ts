/** What this context does with what others say. A message is a claim: whatever could end or switch a session is looked up in the ledger first. */
import { accepts } from './state.js';
import { fromHeld, fromWire } from './wire-grant.js';
import type { Flights } from './flight.js';
import type { Hub } from './hub.js';
import { parseMessage, type Message } from './messages.js';
import type { Cancel } from './ports.js';
import { isClosed } from './record.js';
import { endReason } from './reasons.js';
import { closeSession } from './record-moves.js';
import { abortForGood } from './sign-out.js';
import type { SessionEndReason } from './types.js';

/** Longest wait before an answer to TOKEN_REQUEST: fifty tabs need not answer one question. */
const ANSWER_MS = 40;
/** How long the token of an announced session may be on its way before this context asks for it. */
const ARRIVAL_MS = 300;

/** Usually the news is only on its way; whoever says it first spares the others. */
const REMIND_MS = 500;
/** When the ledger does not bear out that a session is over, it is looked up again: whoever said it may still be writing it. */
const LOOKS_MS = [1_000, 4_000, 16_000];

/** What was about to be said need not be. */
const drop = (timers: Map<string, Cancel>, name: string): void => {
  timers.get(name)?.();
  timers.delete(name);
};

export const createHearing = (hub: Hub, flights: Flights): ((data: unknown) => void) => {
  const { clock, random } = hub.ports;
  const answers = new Map<string, Cancel>();
  const reminders = new Map<string, Cancel>();

  const token = async (message: Message & { type: 'TOKEN' | 'TOKEN_HELD' }) => {
    if (message.type === 'TOKEN_HELD' && !hub.sealed()) {
      await hub.ledger.read();
      hub.learn();
    }
    // A page of a sealed session takes a token from nobody, and anybody else takes nothing without one.
    if (hub.sealed() !== (message.type === 'TOKEN_HELD')) return;
    const grant = message.type === 'TOKEN' ? fromWire(message.grant, clock) : fromHeld(message.grant, clock);
    if (!grant) return;
    if (hub.state.closed.includes(grant.sid)) return remind(grant.sid);
    // Somebody has told what this context was about to tell.
    const mine = hub.state.grants[grant.key];
    if (mine?.sid === grant.sid && mine.generation <= grant.generation) drop(answers, grant.key);
    if (!accepts(hub.state, grant)) return;
    // Another session than mine: only if the ledger says so, too. Tokens of my own session need no I/O.
    if (grant.sid !== hub.state.sid) {
      const record = await hub.ledger.read();
      hub.learn();
      if (hub.ledger.shared && record.sid !== grant.sid) return;
    }
    hub.dispatch({ type: 'granted', grant }, { from: 'channel', by: 'other' });
  };

  /** Somebody holds a token of a session that is over: it has not heard, and the ledger it reads may have forgotten. */
  const remind = (sid: string) => {
    if (reminders.has(sid)) return;
    const speak = async () => {
      const { closed } = await hub.ledger.update((record) => record);
      if (!reminders.delete(sid)) return;
      hub.post({ type: 'SESSION_ENDED', sid, reason: closed.find((one) => one.sid === sid)?.reason ?? 'signed_out' });
    };
    reminders.set(sid, clock.after(REMIND_MS * (1 + random.next()), speak));
  };

  const answer = (key: string, have: number) => {
    const held = hub.valid(key);
    if (!held || held.generation <= have || hub.sealed()) return;
    // One answer serves everybody who has asked by then; asking again does not put it off.
    if (answers.has(key)) return;
    const cancel = clock.after(hub.state.role === 'leader' ? 0 : ANSWER_MS * random.next(), () => {
      answers.delete(key);
      const grant = hub.valid(key);
      if (grant) hub.postGrant(grant);
    });
    answers.set(key, cancel);
  };

  const started = async (sid: string) => {
    if (hub.state.closed.includes(sid)) return remind(sid);
    const record = await hub.ledger.read();
    hub.learn();
    if (record.sid !== sid || sid === hub.state.sid) return;
    hub.dispatch({ type: 'session_started', sid, sessionAt: record.sessionAt });
    clock.after(ARRIVAL_MS * (1 + random.next()), flights.find);
  };

  const ended = async (sid: string, reason: SessionEndReason, looks = 0): Promise<void> => {
    const before = hub.ledger.seen.incarnation;
    const record = await hub.ledger.read();
    if (hub.ledger.shared && !isClosed(record, sid)) {
      // The ledger that this context knew is lost, so it can bear nothing out, and who said this may be gone: what was
      // said of my session counts. Nobody can make this happen who could not write `closed` into the ledger himself.
      const lost = sid === hub.state.sid && record.incarnation !== before;
      const later = LOOKS_MS[looks];
      if (!lost) return void (later && clock.after(later, () => void ended(sid, reason, looks + 1)));
      await hub.ledger.update((known) => closeSession(known, sid, reason, clock.wall()));
    }
    hub.learn(sid);
    hub.dispatch({ type: 'session_ended', sid, reason });
    if (hub.state.status === 'ended') abortForGood(hub, sid);
  };

  return (data) => {
    const message = parseMessage(data);
    if (!message || hub.disposed || message.from === hub.me) return;
    switch (message.type) {
      case 'TOKEN':
      case 'TOKEN_HELD':
        return void token(message);
      case 'TOKEN_REQUEST':
        return answer(message.key, message.have);
      case 'REFRESH_FAILED':
        return hub.failed(message.failures, message.retryIn);
      case 'SESSION_STARTED':
        return void started(message.sid);
      case 'SESSION_ENDED':
        drop(reminders, message.sid);
        return void ended(message.sid, endReason(message.reason));
      default:
        hub.leadership?.hear(message);
    }
  };
};
