/** Which client library the application uses, told by its shape: neither is imported. */
import { MisconfiguredError } from '../../config/misconfigured.js';
import { type IoredisClient, ioredisLink } from './ioredis.js';
import { type NodeRedisClient, nodeRedisLink } from './node-redis.js';

/** `new Redis()` or `new Redis.Cluster()` of ioredis, `createClient()` or `createCluster()` of redis (node-redis). */
export type RedisClient = IoredisClient | NodeRedisClient;

export interface RedisCall {
  /** Decides which node of a cluster it goes to; `null` for any. */
  key: string | null;
  command: readonly [string, ...(string | Buffer)[]];
  /** How strings of the reply are wanted. */
  reply: 'text' | 'bytes';
  waiting: Waiting;
}

/** Whoever wants the answer. */
export interface Waiting {
  /** Aborted when they have given up. */
  readonly signal: AbortSignal;
}

/** What the store needs from a client. */
export interface RedisLink {
  /** Why there is no connection, in a few words without secrets; undefined when nothing is known. */
  trouble(): string | undefined;
  /** Sends a command. Rejects or stays silent, as the client does. */
  send(call: RedisCall): Promise<unknown>;
  /** How many replicas have every write this connection has made to the key's node; waits for `replicas` of them. */
  acknowledged(key: string, replicas: number, ms: number, waiting: Waiting): Promise<number>;
  /** A connection of its own for subscriptions; the store closes it, never the client it was given. */
  subscriber(): Promise<RedisSubscriber>;
}

export interface RedisSubscriber {
  subscribe(channel: string, listen: (message: string) => void): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  /** Called when the connection is back after a loss: messages may have been missed. */
  onResumed(listen: () => void): void;
  close(): void;
}

/** @throws MisconfiguredError when it is neither, or set up in a way that cannot work. */
export function linkTo(client: RedisClient): RedisLink {
  const shape = client as Partial<Record<'call' | 'sendCommand' | 'duplicate' | 'on' | 'getSentinelNode', unknown>> | null | undefined;
  const has = (name: keyof NonNullable<typeof shape>) => typeof shape?.[name] === 'function';
  // It looks like the others, and takes its commands in another way.
  if (has('getSentinelNode')) throw new MisconfiguredError('client', 'The Sentinel client of redis cannot be used. Use ioredis for Sentinel: new Redis({ sentinels, name }).');
  if (has('duplicate') && has('on')) {
    if (has('call')) return ioredisLink(client as IoredisClient);
    if (has('sendCommand')) return nodeRedisLink(client as NodeRedisClient);
  }
  throw new MisconfiguredError('client', 'Give redisStore a client of ioredis (new Redis(url)) or of redis (createClient({ url })).');
}
