/** redis (node-redis), single node or cluster. */
import { troubleOf } from './trouble.js';
import type { RedisCall, RedisLink } from './client.js';

/** The part of `redis` that is used. */
export interface NodeRedisClient {
  readonly isOpen: boolean;
  connect(): Promise<unknown>;
  /** One node: (command, options). A cluster: (key, readonly, command, options). */
  sendCommand(...args: never[]): Promise<unknown>;
  duplicate(): unknown;
  on(event: string, listener: () => void): unknown;
}

interface Subscribing extends NodeRedisClient {
  subscribe(channel: string, listener: (message: string) => void): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  destroy(): void;
}

type SendToNode = (command: (string | Buffer)[], options: object) => Promise<unknown>;
type SendToCluster = (key: string | undefined, readonly: boolean, command: (string | Buffer)[], options: object) => Promise<unknown>;

/** RESP marks a string by `$`; this asks for it undecoded. What the application has asked for itself does not count here. */
const REPLIES = { text: {}, bytes: { [36]: Buffer } };

export function nodeRedisLink(client: NodeRedisClient): RedisLink {
  const cluster = 'masters' in client;
  // An 'error' event without a listener ends the process; whoever made the call hears of it anyway.
  const trouble = troubleOf(client);
  let opening: Promise<unknown> | undefined;

  async function send({ key, command, reply, waiting }: RedisCall): Promise<unknown> {
    if (!client.isOpen) await (opening ??= client.connect().finally(() => (opening = undefined)));
    // With the signal, a command that never left is taken out of the queue instead of being sent much later.
    const options = { abortSignal: waiting.signal, typeMapping: REPLIES[reply] };
    if (cluster) return (client.sendCommand as unknown as SendToCluster).call(client, key ?? undefined, false, [...command], options);
    return (client.sendCommand as unknown as SendToNode).call(client, [...command], options);
  }
  return {
    trouble,
    send,
    acknowledged: async (key, replicas, ms, waiting) => Number(await send({ key, command: ['WAIT', String(replicas), String(ms)], reply: 'text', waiting })),
    async subscriber() {
      const connection = client.duplicate() as Subscribing;
      let lost = false;
      connection.on('error', () => {});
      await connection.connect();
      return {
        subscribe: (channel, listen) => connection.subscribe(channel, listen),
        unsubscribe: (channel) => connection.unsubscribe(channel),
        onResumed(listen) {
          connection.on('reconnecting', () => (lost = true));
          connection.on('ready', () => {
            if (lost) listen();
            lost = false;
          });
        },
        close: () => connection.destroy(),
      };
    },
  };
}
