/** One request to the endpoint: its own deadline, a bounded body, and never an exception. */
import { MAX_BODY_BYTES } from '../contract/wire.js';
import type { Exchange, Reply } from '../core/ports.js';

/** Seconds or an HTTP date; a date counts from the server's own clock, never from ours. */
const retryAfterMs = (value: string, date: number): number | undefined => {
  const ms = /^\d+$/.test(value) ? +value * 1000 : Date.parse(value) - date;
  return ms >= 0 ? ms : undefined;
};

/** At most 256 kB: a body that does not end must not fill the memory. */
const readText = async ({ body }: Response): Promise<string> => {
  const reader = body?.getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let size = 0; ; ) {
    const { value } = (await reader?.read()) ?? {};
    if (!value) return new Blob(parts).text();
    if ((size += value.length) > MAX_BODY_BYTES) {
      void reader!.cancel();
      throw size;
    }
    parts.push(value);
  }
};

export const replyOf = async (response: Response): Promise<Reply> => {
  const { status, headers } = response;
  let json: unknown;
  let note: string | undefined = 'The body is not JSON.';
  // Of a body that cannot be read nothing is quoted: it may be a token.
  const text = await readText(response).catch((why) => {
    note = why > 0 ? 'The body is larger than 256 kB.' : 'The body was cut short.';
    return '';
  });
  try {
    json = JSON.parse(text);
    note = undefined;
  } catch {
    // `note` says it.
  }
  const date = Date.parse(headers.get('Date')!);
  return { kind: 'http', status, json, note, date: date || undefined, retryAfter: retryAfterMs(headers.get('Retry-After') ?? '', date) };
};

/**
 * Runs `send` with a signal that fires after `deadline` ms. `abort` only stops the waiting:
 *
 *   page      POST ──── abort ── reply: 'aborted'
 *   browser   └─ keepalive ─────────────── 200, Set-Cookie lands ── late
 *
 * A keepalive request that has no answer yet cannot be called back, and the signal would leave nobody to hear of it.
 */
export const exchange = (deadline: number, send: (signal: AbortSignal) => Promise<Reply>): Exchange => {
  const stop = new AbortController();
  const { signal } = stop;
  const timer = setTimeout(() => stop.abort('timeout'), deadline);
  const late = new Promise<Reply>((resolve) => {
    // The error's own message may quote a URL with its query: only its name leaves this file.
    const fail = (error?: Error) => {
      clearTimeout(timer);
      resolve(signal.reason === 'timeout' ? { kind: 'timeout' } : { kind: 'network', message: error?.name ?? 'aborted' });
    };
    // On its deadline it settles even if what it runs does not listen to the signal.
    signal.onabort = () => fail();
    send(signal).then((reply) => (clearTimeout(timer), resolve(reply)), fail);
  });
  let abort!: () => void;
  const aborted = new Promise<Reply>((resolve) => (abort = () => resolve({ kind: 'network', message: 'aborted' })));
  return { reply: Promise.race([late, aborted]), late, abort };
};
