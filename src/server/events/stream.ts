/**
 * One event stream: what the store's topic of the family says, in the words of the wire.
 *
 *     tail ──► read ──► hello ──► what came meanwhile ──► live
 *      └ listening before looking: whatever happens in between is heard, or seen, or both
 *
 * A stream changes nothing: it does not rotate, mints nothing and slides no expiry.
 */
import type { StreamEventName } from '../../contract/wire.js';
import type { Cancel } from '../clock.js';
import { deathOf, type FamilyRecord } from '../families/family.js';
import type { Service } from '../handler/service.js';
import type { StoredEvent } from '../store.js';
import { comeBack, frame, HEARTBEAT, isStreamEvent } from './frame.js';
import { noteWatched } from './told.js';

const HEARTBEAT_MS = 20_000;
/** Every so many heartbeats the family is read: an announcement may have been lost with the store that it went to. */
const LOOK_BEATS = 3;
/** Every so many, others are reminded that somebody listens here. */
const REMIND_BEATS = 90;
/** How long before a session ends unused its user interface is told. */
const EXPIRING_MS = 300_000;
/** A reader that lost its stream comes back after so long, and up to three times that. */
const RETRY_MS = 2_000;
/** Bytes a reader may leave unread; it comes back and goes on where it stopped. */
const MOST_UNREAD = 16_384;

/** The stream, or `undefined` when the family is over. @throws StoreUnavailableError */
export async function openStream(
  service: Service,
  { id, sid }: FamilyRecord,
  after: string | undefined,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array> | undefined> {
  const { store, clock, streams } = service;
  const early: StoredEvent[] = [];
  let hear = (event: StoredEvent): void => void early.push(event);
  const stopTail = await store.tail(id, after, (event) => hear(event));
  let writer!: ReadableStreamDefaultController<Uint8Array>;
  let cancelBeat: Cancel = () => {};
  let over = false;
  let beats = 0;
  let degraded = false;
  /** The expiry `expiring` was said about: a refresh moves it, and then it may be said again. */
  let toldOf = 0;

  const own = { end };
  function end(): void {
    if (over) return;
    over = true;
    stopTail();
    cancelBeat();
    streams.remove(id, own);
    signal.removeEventListener('abort', end);
    try {
      writer.close();
    } catch {
      // The reader has cancelled: it is closed already.
    }
  }
  function write(bytes: Uint8Array): void {
    if (over) return;
    writer.enqueue(bytes);
    if ((writer.desiredSize ?? 0) <= 0) end();
  }
  function say(name: StreamEventName, data: Readonly<Record<string, unknown>>, eventId?: string): void {
    write(frame(name, { ...data, sid }, eventId));
    if (name === 'revoked' || name === 'signed_out') end();
  }
  const hello = ({ gen, idleExpiry, absoluteExpiry }: FamilyRecord, now: number): void =>
    say('hello', { gen, refresh_expires_in: Math.floor((Math.min(idleExpiry, absoluteExpiry) - now) / 1_000), server_time: now });

  /** What the family is by now; `undefined` when it is over, which has been said then. */
  async function look(): Promise<{ family: FamilyRecord; now: number } | undefined> {
    const [now, family] = await Promise.all([store.now(), store.read(id)]);
    const death = family ? deathOf(family, now) : 'no_session';
    if (family && !death) return { family, now };
    say(death === 'signed_out' ? 'signed_out' : 'revoked', { reason: death });
    return undefined;
  }
  async function check(): Promise<void> {
    const seen = await look();
    if (!seen) return;
    const { family, now } = seen;
    if (degraded) hello(family, now);
    degraded = false;
    const expiry = Math.min(family.idleExpiry, family.absoluteExpiry);
    if (expiry - now > EXPIRING_MS || expiry === toldOf) return;
    toldOf = expiry;
    const reason = expiry === family.absoluteExpiry ? 'expired' : 'idle';
    say('expiring', { reason, expires_in: Math.max(0, Math.floor((expiry - now) / 1_000)) });
  }
  function beat(): void {
    cancelBeat = clock.after(HEARTBEAT_MS, () => {
      beats += 1;
      write(HEARTBEAT);
      if (over) return;
      if (beats % LOOK_BEATS === 0) {
        void check().catch(() => {
          if (!degraded) say('degraded', { reason: 'store_unavailable' });
          degraded = true;
        });
      }
      if (beats % REMIND_BEATS === 0) service.detach('note an event stream', noteWatched(service, id));
      beat();
    });
  }

  const body = new ReadableStream<Uint8Array>(
    { start: (controller) => void (writer = controller), cancel: end },
    { highWaterMark: MOST_UNREAD, size: (chunk) => chunk!.byteLength },
  );
  try {
    const seen = await look();
    if (!seen || signal.aborted) {
      end();
      return undefined;
    }
    write(comeBack(RETRY_MS * (1 + 2 * service.random.next())));
    hello(seen.family, seen.now);
  } catch (error) {
    end();
    throw error;
  }
  hear = ({ type, data, id: eventId }) => {
    if (!over && isStreamEvent(type)) say(type, data, eventId);
  };
  for (const event of early) hear(event);
  signal.addEventListener('abort', end, { once: true });
  if (over) return body;
  streams.add(id, own);
  beat();
  service.detach('note an event stream', noteWatched(service, id));
  return body;
}
