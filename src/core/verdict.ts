/** What an answer means for the session. Only the server's explicit word ends one; everything unclear keeps it. */
import { ATTEMPT_ID } from '../contract/wire.js';
import type { Reply } from './ports.js';
import { isObject, readAnswer, type Answer, type Claims } from './reader.js';
import { endReason } from './reasons.js';
import type { Level, SessionEndReason } from './types.js';

/** Longest `Retry-After` that is honoured: a typing error must not silence an origin for a day. */
const MAX_RETRY_AFTER_MS = 300_000;

export type Verdict = { settled?: string } & (
  | { is: 'grant'; answer: Answer; level: Level }
  /** Keep the session, try again later. `soft`: the network, not the server. */
  | { is: 'transient'; retryAfter?: number; note: string; soft?: boolean }
  /** 409: settle the attempt id and present again at once. */
  | { is: 'spent' }
  /** No cookie was presented. */
  | { is: 'none' }
  | { is: 'ended'; sid?: string; reason: SessionEndReason }
  /** A fault of the set-up: the message says what to fix; the session is kept. */
  | { is: 'fault'; code: 'endpoint_error' | 'bad_answer'; note: string }
);

export const classify = (
  reply: Reply,
  level: 'auto' | Level,
  read: { answer?: (json: unknown) => unknown; claims: Claims; now: number },
): Verdict => {
  if (reply.kind !== 'http')
    return { is: 'transient', note: reply.kind === 'timeout' ? 'no answer in time' : reply.message, soft: reply.kind === 'network' };
  const { status, note } = reply;
  const json = isObject(reply.json) ? reply.json : {};
  const retryAfter = Math.max(reply.retryAfter ?? 0, typeof json.retry_after === 'number' ? json.retry_after * 1000 : 0);
  const word = json.attempt_settled;
  const settled = typeof word === 'string' && ATTEMPT_ID.test(word) ? word : undefined;
  const patience = retryAfter > 0 ? Math.min(retryAfter, MAX_RETRY_AFTER_MS) : undefined;
  const transient = (why: string): Verdict => ({ is: 'transient', retryAfter: patience, note: why, settled });
  const reason = typeof json.reason === 'string' ? json.reason : '';

  if (status >= 200 && status < 300) {
    // HTML with status 200 is a captive portal or a single-page fallback: neither says anything about the session.
    if (reply.json === undefined) return transient(note ?? `status ${status} without JSON`);
    let answer: Answer | string;
    try {
      answer = readAnswer(read.answer ? read.answer(reply.json) : reply.json, read.claims, reply.date ?? read.now);
    } catch (error) {
      answer = `endpoint.read threw: ${error instanceof Error ? error.name : 'an unknown error'}. Make it return { access_token, expires_in }.`;
    }
    if (typeof answer === 'string') return { is: 'fault', code: 'bad_answer', note: answer, settled };
    const fenced = answer.generation !== undefined && answer.sid !== undefined;
    return { is: 'grant', answer, level: fenced ? (answer.outcome && answer.sessionAt !== undefined ? 'full' : 'fenced') : 'plain', settled };
  }
  if (json.session === 'ended')
    return { is: 'ended', sid: typeof json.sid === 'string' ? json.sid : undefined, reason: endReason(reason), settled };
  if (json.session === 'none') return { is: 'none', settled };
  if (status === 409 && reason === 'attempt_spent') return { is: 'spent', settled };
  if (status === 408 || status === 409 || status === 425 || status === 429 || status >= 500) return transient(`status ${status}`);
  if (status === 401 || (status === 400 && json.error === 'invalid_grant'))
    // From a full endpoint these come with `session`; without it somebody in between is speaking.
    return level === 'full' ? transient(`status ${status} without the endpoint's own words`) : { is: 'ended', reason: 'rejected', settled };
  if (status < 400 || (status === 403 && reply.json === undefined) || (status === 400 && level === 'full' && !json.session))
    return transient(note ?? `status ${status}`);
  return {
    is: 'fault',
    code: 'endpoint_error',
    note:
      reason === 'csrf_origin'
        ? "The endpoint refused this page's origin: add it to the endpoint's `origins`."
        : reason === 'csrf_header'
          ? "The X-Tabaton header did not reach the endpoint: on another origin set `level: 'full'`, else allow it in the proxy."
          : `The refresh endpoint answered ${status}${typeof json.error === 'string' ? ` (${json.error.slice(0, 64)})` : ''}: check the \`endpoint\` option ('/auth' asks /auth/refresh) and that it accepts POST.`,
    settled,
  };
};
