/**
 * Mode `sealed`: pages hold no token, send no refresh and answer no question for one. What they know of the
 * session they hear from the service worker, which alone holds its tokens.
 *
 * This is convenience and hygiene, not isolation: a script of the page can still ask the endpoint itself (RFC 10017 §7.4).
 */
import { TabatonError } from './errors.js';
import type { Hub } from './hub.js';
import { endReason } from './reasons.js';
import { fromHeld } from './wire-grant.js';

export const sealedError = () => new TabatonError('sealed', 'Only the service worker holds tokens here: call fetch() or session.fetch(), whose requests it signs, and start() without a grant.');

/** Written down, so that contexts which were not told go along; and said, because some of them hold a token: any word of a session makes them read the ledger. */
export const seal = async (hub: Hub): Promise<void> => {
  let news = false;
  const { sid = '', sessionAt } = await hub.ledger.update((record) => {
    news = !record.mode;
    return news ? { ...record, mode: 'sealed' } : record;
  }, true);
  if (news) hub.post({ type: 'SESSION_STARTED', sid, sessionAt });
};

export const askKeeper = async (hub: Hub, start: boolean): Promise<void> => {
  const { keeper, clock } = hub.ports;
  if (!keeper) throw sealedError();
  const { status, reason, held } = await keeper.ask(start);
  if (held) hub.dispatch({ type: 'granted', grant: fromHeld(held, clock) }, { from: 'channel', by: start ? 'start' : 'restore' });
  else if (status === 'ended') hub.dispatch({ type: 'session_ended', reason: endReason(reason) });
  else if (status === 'anonymous') hub.dispatch({ type: 'anonymous' });
};
