/**
 * Events: a short list per topic is the truth, pub/sub says when to look, a slow poll looks anyway.
 *
 *     append ──► RPUSH (newest 128, one hour) ──► PUBLISH ──► each process with a tail reads what is new
 *
 * A list, not a stream: a stream takes 4 KB for its first entry, a list what is in it.
 */
import type { Cancel, ServerClock, ServerRandom } from '../../clock.js';
import type { EventInput, Store, StoredEvent } from '../../store.js';
import type { RedisCaller } from './caller.js';
import type { RedisKeys } from './keys.js';
import { luaScript } from './script.js';
import type { Wakes } from './wakes.js';

const KEPT = 128;
const KEPT_MS = 3_600_000;
/** One poll looks at so many topics: the load has a bound, whatever the number of tails. */
const POLL_TOPICS = 200;
const POLL_MS = 1_000;

/** Ids are microseconds of Redis, and never go back within a topic. */
const APPEND = luaScript(`
local clock = redis.call('TIME')
local id = clock[1] * 1000000 + clock[2]
local last = redis.call('LINDEX', KEYS[1], -1)
if last then id = math.max(id, tonumber(string.match(last, '^%d+')) + 1) end
local text = string.format('%.17g', id)
redis.call('RPUSH', KEYS[1], text .. ' ' .. ARGV[1])
redis.call('LTRIM', KEYS[1], -${KEPT}, -1)
redis.call('PEXPIRE', KEYS[1], ${KEPT_MS})
redis.call('PUBLISH', KEYS[1], text)
return text
`);

/** The newest id, then every entry after the given one. */
const SINCE = luaScript(`
local after = tonumber(ARGV[1])
local list = redis.call('LRANGE', KEYS[1], 0, -1)
local found = { '0' }
for i = 1, #list do
  local id = string.match(list[i], '^%d+')
  found[1] = id
  if tonumber(id) > after then found[#found + 1] = list[i] end
end
return found
`);

interface Feed {
  /** The newest id that was delivered to the tails; `null` before the first of them. */
  cursor: number | null;
  tails: Set<(event: StoredEvent) => void>;
  /** Tails, and those on their way to be one. */
  users: number;
  /** Reads come one after the other, so that nothing is delivered twice or out of order. */
  turn: Promise<unknown>;
  /** A read is waiting for its turn: another wake-up adds nothing. */
  queued: boolean;
  stop: Cancel;
}

export interface RedisEventParts {
  caller: RedisCaller;
  keys: RedisKeys;
  wakes: Wakes;
  clock: ServerClock;
  random: ServerRandom;
}

export function redisEvents({ caller, keys, wakes, clock, random }: RedisEventParts): Pick<Store, 'append' | 'tail'> & { close(): void } {
  const feeds = new Map<string, Feed>();
  let polling: Cancel | undefined;
  let closed = false;

  async function since(topic: string, after: number): Promise<{ newest: number; events: StoredEvent[] }> {
    const [newest, ...entries] = (await caller.run(SINCE, [keys.events(topic)], [String(after)])) as [string, ...string[]];
    return { newest: Number(newest), events: entries.map(eventFrom) };
  }

  function deliver(feed: Feed, tail: (event: StoredEvent) => void, events: readonly StoredEvent[]): void {
    for (const event of events) queueMicrotask(() => feed.tails.has(tail) && tail(event));
  }
  function advance(feed: Feed, events: readonly StoredEvent[]): void {
    const cursor = feed.cursor ?? 0;
    const fresh = events.filter(({ id }) => Number(id) > cursor);
    feed.cursor = Number(fresh.at(-1)?.id ?? cursor);
    for (const tail of feed.tails) deliver(feed, tail, fresh);
  }
  function inTurn<T>(feed: Feed, work: () => Promise<T>): Promise<T> {
    const done = feed.turn.then(work);
    feed.turn = done.catch(() => {});
    return done;
  }
  function look(topic: string, feed: Feed): void {
    if (feed.queued) return;
    feed.queued = true;
    void inTurn(feed, async () => {
      feed.queued = false;
      if (feed.cursor !== null) advance(feed, (await since(topic, feed.cursor)).events);
      // A Redis that is away is asked again by the poll.
    }).catch(() => {});
  }
  function poll(): void {
    polling = clock.after(POLL_MS * (0.5 + random.next()), () => {
      const round = [...feeds].slice(0, POLL_TOPICS);
      for (const [topic, feed] of round) {
        look(topic, feed);
        // To the end of the line: the next poll begins with the others.
        feeds.delete(topic);
        feeds.set(topic, feed);
      }
      if (feeds.size > 0) poll();
      else polling = undefined;
    });
  }

  function join(topic: string): Feed {
    const known = feeds.get(topic);
    if (known) {
      known.users += 1;
      return known;
    }
    const feed: Feed = { cursor: null, tails: new Set(), users: 1, turn: Promise.resolve(), queued: false, stop: () => {} };
    feeds.set(topic, feed);
    feed.turn = wakes.listen(keys.events(topic), () => look(topic, feed)).then((stop) => {
      if (feeds.get(topic) === feed) feed.stop = stop;
      else stop();
    });
    if (!polling && !closed) poll();
    return feed;
  }
  function leave(topic: string, feed: Feed, tail: (event: StoredEvent) => void): void {
    feed.tails.delete(tail);
    feed.users -= 1;
    if (feed.users > 0 || feeds.get(topic) !== feed) return;
    feeds.delete(topic);
    feed.stop();
    if (feeds.size === 0) {
      polling?.();
      polling = undefined;
    }
  }

  return {
    async append(topic, { type, data }) {
      // The type and the data are one JSON text; the script puts the id before it.
      return (await caller.run(APPEND, [keys.events(topic)], [JSON.stringify([type, data])])) as string;
    },
    async tail(topic, after, listen) {
      const feed = join(topic);
      // A listener of its own per tail, so that stopping one never stops its twin.
      const own = (event: StoredEvent) => listen(event);
      const from = isId(after) ? Number(after) : Number.MAX_SAFE_INTEGER;
      try {
        await inTurn(feed, async () => {
          // What the others have not seen yet, and what this one missed, in one read.
          const { newest, events } = await since(topic, Math.min(from, feed.cursor ?? from));
          if (feed.cursor === null) feed.cursor = newest;
          else advance(feed, events);
          feed.tails.add(own);
          deliver(feed, own, events.filter(({ id }) => Number(id) > from));
        });
      } catch (error) {
        leave(topic, feed, own);
        throw error;
      }
      let tailing = true;
      return () => {
        if (tailing) leave(topic, feed, own);
        tailing = false;
      };
    },
    close() {
      closed = true;
      polling?.();
      for (const feed of feeds.values()) {
        feed.tails.clear();
        feed.stop();
      }
      feeds.clear();
    },
  };
}

function eventFrom(entry: string): StoredEvent {
  const space = entry.indexOf(' ');
  const id = entry.slice(0, space);
  const [type, data] = JSON.parse(entry.slice(space + 1)) as [EventInput['type'], EventInput['data']];
  return { id, type, data, at: Math.floor(Number(id) / 1_000) };
}

/** Browsers hand back what they were given, attackers anything. */
function isId(after: string | undefined): boolean {
  return after !== undefined && /^\d{1,16}$/.test(after);
}
