/**
 * The token manager one finds in most code bases, with one classic mistake switched on at a time: what the tests of the
 * real one have to be able to catch. Not exported, not shipped.
 */
import type { ServerClock } from '../clock.js';
import type { GrantKey } from '../upstream/function-upstream.js';
import type { UpstreamTokens } from '../upstream/upstream.js';

/** What a key–value server gives: each call takes a turn of the event loop, as on a network. */
export function sharedKv(clock: ServerClock) {
  const values = new Map<string, { value: string; until: number }>();
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  const alive = (key: string) => {
    const entry = values.get(key);
    return entry && entry.until > clock.now() ? entry : undefined;
  };
  return {
    async get(key: string) {
      await turn();
      return alive(key)?.value;
    },
    async set(key: string, value: string, ttlMs = Infinity) {
      await turn();
      values.set(key, { value, until: clock.now() + ttlMs });
    },
    async setnx(key: string, value: string, ttlMs = Infinity) {
      await turn();
      if (alive(key)) return false;
      values.set(key, { value, until: clock.now() + ttlMs });
      return true;
    },
    async expire(key: string, ttlMs: number) {
      await turn();
      const entry = alive(key);
      if (entry) entry.until = clock.now() + ttlMs;
    },
    async del(key: string) {
      await turn();
      values.delete(key);
    },
  };
}

export type ClassicMistake =
  /** Every node for itself. */
  | 'no lock'
  /** SETNX, then EXPIRE: who dies in between holds the lock for ever. */
  | 'setnx then expire'
  /** DEL of whatever lock is there now. */
  | 'del without owner'
  /** Who does not get the lock gives up with nothing. */
  | 'waiter returns null'
  /** Who does not get the lock takes what was there before. */
  | 'waiter returns the old token'
  /** Whatever goes wrong, sign in again. */
  | 'login on any exception';

interface Kept {
  tokens: UpstreamTokens;
  expiresAt: number;
}

export interface NaiveService {
  grant(key: GrantKey, signal: AbortSignal): Promise<UpstreamTokens>;
  refresh(tokens: UpstreamTokens, signal: AbortSignal): Promise<UpstreamTokens>;
}

const LOCK_MS = 10_000;

export function handWritten(
  mistake: ClassicMistake,
  parts: { kv: ReturnType<typeof sharedKv>; clock: ServerClock; service: NaiveService; dies?: () => boolean },
) {
  const { kv, clock, service } = parts;
  const { signal } = new AbortController();
  const nameOf = ({ client, user }: GrantKey) => `token:${client}:${user}`;

  async function renew(key: GrantKey, before: Kept | undefined): Promise<string> {
    let tokens: UpstreamTokens;
    try {
      tokens = before ? { refreshToken: before.tokens.refreshToken, ...(await service.refresh(before.tokens, signal)) } : await service.grant(key, signal);
    } catch (error) {
      if (mistake !== 'login on any exception') throw error;
      tokens = await service.grant(key, signal);
    }
    await kv.set(nameOf(key), JSON.stringify({ tokens, expiresAt: clock.now() + (tokens.expiresInMs ?? 0) } satisfies Kept));
    return tokens.accessToken;
  }

  return {
    async get(key: GrantKey): Promise<string | null> {
      const found = await kv.get(nameOf(key));
      const before = found === undefined ? undefined : (JSON.parse(found) as Kept);
      if (before && before.expiresAt > clock.now()) return before.tokens.accessToken;
      if (mistake === 'no lock' || mistake === 'login on any exception') return renew(key, before);
      const lock = `lock:${nameOf(key)}`;
      const taken = mistake === 'setnx then expire' ? await kv.setnx(lock, '1') : await kv.setnx(lock, '1', LOCK_MS);
      if (taken) {
        // The process is gone: nothing after this line ever runs.
        if (parts.dies?.()) return new Promise(() => {});
        if (mistake === 'setnx then expire') await kv.expire(lock, LOCK_MS);
        try {
          return await renew(key, before);
        } finally {
          await kv.del(lock);
        }
      }
      if (mistake === 'waiter returns the old token') return before?.tokens.accessToken ?? null;
      return null;
    },
  };
}
