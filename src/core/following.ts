/**
 * The one event stream of a browser, held by its leader while somebody looks at the page.
 *
 *   another device   POST logout ──► endpoint ──signed_out──► leader ── ledger ── SESSION_ENDED ──► the other tabs
 *
 * It is a shortcut, never a source of truth: without it a session's end is learned with the next refresh. A proxy that
 * gathers what it passes on keeps a stream silent; who hears nothing for ten seconds asks now and then instead.
 */
import type { SessionAnswer } from '../contract/wire.js';
import type { Hub } from './hub.js';
import type { Cancel, NewsSource } from './ports.js';
import { isEndReason } from './reasons.js';
import { closeSession } from './record-moves.js';

/** How long `hello` may take before the stream counts as held back. */
const HELLO_MS = 10_000;
/** Between two questions where no stream comes through. */
const POLL_MS = 20_000;
/** After so many questions the stream is tried again. */
const POLLS = 15;
/** A hidden page keeps its stream this long: switching tabs for a moment changes nothing. */
const HIDDEN_MS = 5_000;

/** Follows the session until told to stop. */
export const follow = (hub: Hub, source: NewsSource): Cancel => {
  const { clock, lifecycle, random } = hub.ports;
  let stopped = false;
  let sid: string | undefined;
  let close: Cancel | undefined;
  let waiting: Cancel | undefined;
  let leaving: Cancel | undefined;
  let polls = 0;

  const later = (ms: number, run: () => void) => {
    waiting?.();
    waiting = clock.after(ms, run);
  };
  const shut = () => {
    waiting?.();
    waiting = undefined;
    close?.();
    close = undefined;
    sid = undefined;
  };

  /** The endpoint's word, like the answer to a refresh: written down first, said second. */
  const over = async (ended: unknown, reason: unknown) => {
    if (typeof ended !== 'string' || !ended || stopped) return;
    const why = isEndReason(reason) ? reason : 'revoked';
    await hub.ledger.update((record) => closeSession(record, ended, why, clock.wall()), true);
    hub.dispatch({ type: 'session_ended', sid: ended, reason: why });
    hub.post({ type: 'SESSION_ENDED', sid: ended, reason: why });
  };

  const ask = async () => {
    const asked = hub.state.sid;
    const reply = await source.session();
    if (stopped || hub.state.sid !== asked || reply.kind !== 'http' || reply.status !== 200) return;
    const answer = reply.json as SessionAnswer | undefined;
    // A cookie that is missing or not the newest says nothing about a session; a dead one says which.
    if (answer?.active === false && isEndReason(answer.reason) && answer.sid === asked) await over(asked, answer.reason);
  };
  const poll = () =>
    later(POLL_MS * (0.75 + random.next() / 2), () => {
      if (!wanted()) return;
      void ask();
      if (++polls % POLLS) return poll();
      sid = undefined;
      tune();
    });
  /** No stream for now: ask at once, then from time to time. */
  const instead = () => {
    close?.();
    close = undefined;
    void ask();
    poll();
  };

  const wanted = () => !stopped && !hub.disposed && hub.state.status === 'active' && lifecycle.active();
  const open = () => {
    sid = hub.state.sid;
    const patience = () => later(HELLO_MS, instead);
    patience();
    close = source.open({
      event(name, data) {
        const told = data as { sid?: unknown; reason?: unknown; replaced?: unknown } | undefined;
        if (name === 'hello') waiting?.();
        // Another login took its place in this very browser: that one announces itself, and nobody is shown an end.
        else if (!told?.replaced && (name === 'revoked' || name === 'signed_out')) void over(told?.sid, told?.reason);
      },
      // It comes back by itself, unless the endpoint said that there is nothing to hear.
      lost: (final) => (final ? instead() : patience()),
    });
  };
  const tune = () => {
    if (!wanted() || (sid && sid !== hub.state.sid)) shut();
    if (wanted() && !sid && lifecycle.visible()) open();
  };

  const stopWatching = hub.watch(tune);
  const stopListening = lifecycle.listen((event) => {
    if (event !== 'online') leaving?.();
    if (event === 'hidden') leaving = clock.after(HIDDEN_MS, () => lifecycle.visible() || shut());
    else if (event === 'visible') tune();
  });
  tune();
  return () => {
    stopped = true;
    stopWatching();
    stopListening();
    leaving?.();
    shut();
  };
};
