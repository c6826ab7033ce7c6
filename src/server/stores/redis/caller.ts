/** Calls with a deadline, scripts by their digest, and failures in the store's words. */
import type { ServerClock } from '../../clock.js';
import { StoreUnavailableError } from '../../store.js';
import type { RedisLink, Waiting } from './client.js';
import type { LuaScript } from './script.js';

export interface RedisCaller {
  command(key: string | null, ...command: [string, ...string[]]): Promise<unknown>;
  /** Runs a script on the keys, which share one slot. One round trip, but for the first time on a server. */
  run(script: LuaScript, keys: readonly [string, ...string[]], args?: readonly string[]): Promise<unknown>;
  /** The same with bytes: strings of the reply come as buffers. */
  runBinary(script: LuaScript, keys: readonly [string, ...string[]], args?: readonly (string | Buffer)[]): Promise<unknown>;
  /** How many replicas have what was just written to this key. `wanted`: while one is away it is not waited for at all. */
  acknowledged(key: string, how: 'needed' | 'wanted'): Promise<number>;
}

export interface CallerOptions {
  clock: ServerClock;
  /** Milliseconds after which a silent Redis counts as unavailable. */
  deadlineMs: number;
  replicas: number;
}

export function redisCaller(link: RedisLink, { clock, deadlineMs, replicas }: CallerOptions): RedisCaller {
  /** Rejects at the deadline, whatever the client does: a stopped Redis keeps its connections open and says nothing. */
  function bounded<T>(work: (waiting: Waiting) => Promise<T>): Promise<T> {
    // Made for whoever reads the signal: most commands leave at once and never do.
    let abort: AbortController | undefined;
    let late: DOMException | undefined;
    const waiting: Waiting = {
      get signal() {
        abort ??= new AbortController();
        if (late) abort.abort(late);
        return abort.signal;
      },
    };
    return new Promise<T>((resolve, reject) => {
      const cancel = clock.after(deadlineMs, () => {
        const why = link.trouble();
        reject(new StoreUnavailableError(`Redis has not answered within ${deadlineMs} ms${why ? ` (${why})` : ''}.`));
        late = new DOMException('Redis has not answered in time.', 'TimeoutError');
        abort?.abort(late);
      });
      work(waiting).then(
        (value) => (cancel(), resolve(value)),
        (error: unknown) => (cancel(), reject(unavailable(error))),
      );
    });
  }
  function evaluate(script: LuaScript, keys: readonly [string, ...string[]], args: readonly (string | Buffer)[], reply: 'text' | 'bytes') {
    return bounded(async (waiting) => {
      const tail = [String(keys.length), ...keys, ...args];
      try {
        return await link.send({ key: keys[0], command: ['EVALSHA', script.sha, ...tail], reply, waiting });
      } catch (error) {
        if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
        return link.send({ key: keys[0], command: ['EVAL', script.source, ...tail], reply, waiting });
      }
    });
  }
  /**
   * Until when a replica that did not answer counts as away: WAIT holds up whatever else the connection has to say, and a
   * few sign-ins a second that all wait for it would be an outage for everybody.
   */
  let awayUntil = 0;
  return {
    command: (key, ...command) => bounded((waiting) => link.send({ key, command, reply: 'text', waiting })),
    run: (script, keys, args = []) => evaluate(script, keys, args, 'text'),
    runBinary: (script, keys, args = []) => evaluate(script, keys, args, 'bytes'),
    async acknowledged(key, how) {
      const away = clock.now() < awayUntil;
      if (away && how === 'wanted') return 0;
      const ms = Math.max(1, Math.floor(deadlineMs / (away ? 10 : 2)));
      const count = await bounded((waiting) => link.acknowledged(key, replicas, ms, waiting));
      if (count >= replicas) awayUntil = 0;
      else if (!away) awayUntil = clock.now() + 2 * deadlineMs;
      return count;
    },
  };
}

/**
 * Only the code of an error is passed on, never the error: clients attach the command to it, and a command may
 * carry sealed tokens or a login transaction. A failing script names its line, and nothing that was given to it.
 */
export function unavailable(error: unknown): StoreUnavailableError {
  if (error instanceof StoreUnavailableError) return error;
  const { code, message = '', name } = error as { code?: unknown; message?: string; name?: string };
  const script = /user_script:\d+: [^,]{0,120}/.exec(message)?.[0];
  const word = /^[A-Z]{3,}\b/.exec(message)?.[0];
  const lost = /\b(closed|connection|socket)\b/i.test(message) ? 'the connection is lost' : undefined;
  const said = script ?? (typeof code === 'string' ? code : (word ?? lost ?? name ?? 'an unknown error'));
  return new StoreUnavailableError(`Redis does not serve: ${said}.`);
}
