/** Is somebody signed in? Answered from what is shared, so that a visitor costs no request and a stopped worker forgets nothing. */
import { isClosed, parseRecord } from '../core/record.js';

export type Evidence =
  /** There may be a session: ask for its token. */
  | 'session'
  /** The server ended the session, and nobody has signed in since: a request must not go out as if anonymous. */
  | 'ended'
  | 'nobody';

/**
 * `answer`: what the ledger holds; absent when it did not answer, which says nothing about anybody.
 * `marker`: the endpoint's readable cookie; `undefined` where it cannot be read or says nothing, because
 * only a full endpoint sets it.
 */
export const evidenceOf = (answer: { stored: unknown } | undefined, marker: boolean | undefined): Evidence => {
  const record = parseRecord(answer?.stored);
  const closed = record?.closed.find(({ sid }) => sid === record.sid);
  if (record?.sid && record.hint && !isClosed(record, record.sid)) return 'session';
  if (marker || !answer) return 'session';
  return closed && closed.reason !== 'signed_out' ? 'ended' : 'nobody';
};
