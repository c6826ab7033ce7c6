/** ioredis, single node, Sentinel or Cluster. */
import { MisconfiguredError } from '../../config/misconfigured.js';
import type { RedisLink, Waiting } from './client.js';
import { troubleOf } from './trouble.js';

/** The part of `ioredis` that is used. */
export interface IoredisClient {
  readonly status: string;
  readonly options: object;
  /** Its socket, while there is one; a cluster has none of its own. */
  readonly stream?: { cork?(): void; uncork?(): void };
  call(command: string, ...args: (string | Buffer)[]): Promise<unknown>;
  pipeline(commands: unknown[][]): { exec(): Promise<unknown> };
  duplicate(): unknown;
  on(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
}

/** What answers in bytes. ioredis has these methods, and its types have not. */
const IN_BYTES = { EVALSHA: 'evalshaBuffer', EVAL: 'evalBuffer' } as const;
type InBytes = Record<(typeof IN_BYTES)[keyof typeof IN_BYTES], (...args: (string | Buffer)[]) => Promise<unknown>>;

interface Options {
  keyPrefix?: string;
  stringNumbers?: boolean;
}

interface Subscribing extends IoredisClient {
  subscribe(channel: string): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  on(event: string, listener: (channel: string, message: string) => void): unknown;
  disconnect(): void;
}

export function ioredisLink(client: IoredisClient): RedisLink {
  const { redisOptions, ...own } = client.options as Options & { redisOptions?: Options };
  if (own.keyPrefix || redisOptions?.keyPrefix) {
    throw new MisconfiguredError('client', 'The keyPrefix of ioredis misses the channels the scripts publish to. Use the prefix option of redisStore.');
  }
  if (own.stringNumbers || redisOptions?.stringNumbers) {
    throw new MisconfiguredError('client', 'With stringNumbers ioredis gives texts where the store counts. Give it a client without: client.duplicate({ stringNumbers: false }).');
  }
  // Failures reach whoever made the call; without a listener ioredis prints each of them as unhandled.
  const trouble = troubleOf(client);
  const ready = readiness(client);
  const gather = gatherer(client);
  return {
    trouble,
    async send({ command: [name, ...args], reply, waiting }) {
      if (!isReady(client)) await ready(waiting);
      gather();
      if (reply === 'text') return client.call(name, ...args);
      // Not `callBuffer`: where commands are pipelined by themselves, ioredis loses the name on its way.
      return (client as unknown as InBytes)[IN_BYTES[name as keyof typeof IN_BYTES]](...args);
    },
    async acknowledged(key, replicas, ms, waiting) {
      await ready(waiting);
      // A pipeline, because WAIT names no key: beside one that does, a cluster sends it to the right node.
      const answers = (await client.pipeline([['exists', key], ['wait', String(replicas), String(ms)]]).exec()) as [Error | null, number][];
      const [failure, count] = answers[1]!;
      if (failure) throw failure;
      return count;
    },
    async subscriber() {
      const connection = client.duplicate() as Subscribing;
      const listeners = new Map<string, (message: string) => void>();
      let lost = false;
      connection.on('error', () => {});
      connection.on('message', (channel: string, message: string) => listeners.get(channel)?.(message));
      return {
        async subscribe(channel, listen) {
          listeners.set(channel, listen);
          await connection.subscribe(channel);
        },
        async unsubscribe(channel) {
          listeners.delete(channel);
          await connection.unsubscribe(channel);
        },
        onResumed(listen) {
          connection.on('close', () => (lost = true));
          connection.on('ready', () => {
            if (lost) listen();
            lost = false;
          });
        },
        close: () => connection.disconnect(),
      };
    },
  };
}

/**
 * Waits for the connection here rather than in ioredis's offline queue: what waits there is sent when the
 * connection is back, long after the request it was for has been answered with 503.
 */
function readiness(client: IoredisClient): (waiting: Waiting) => Promise<void> {
  let coming: Promise<void> | undefined;
  const onceReady = () =>
    new Promise<void>((resolve) => {
      const onReady = () => {
        client.off('ready', onReady);
        coming = undefined;
        resolve();
      };
      client.on('ready', onReady);
    });
  return async ({ signal }) => {
    if (isReady(client)) return;
    await (coming ??= onceReady());
    signal.throwIfAborted();
  };
}

/** `wait` is `lazyConnect`: the first command opens the connection. */
const isReady = ({ status }: IoredisClient): boolean => status === 'ready' || status === 'wait';

/**
 * Lets what one turn of the event loop has to say leave in one write: on a busy process a write per command costs more
 * than the command. A cluster has a connection per node and is left alone.
 */
function gatherer(client: IoredisClient): () => void {
  let gathering = false;
  return () => {
    const { stream } = client;
    if (gathering || !stream?.cork || !stream.uncork) return;
    gathering = true;
    stream.cork();
    setImmediate(() => {
      gathering = false;
      stream.uncork!();
    });
  };
}
