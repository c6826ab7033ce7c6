/** Pub/sub: one connection for all subscriptions, opened when the first is wanted. It wakes; it carries no truth. */
import type { Cancel, ServerClock } from '../../clock.js';
import type { RedisLink, RedisSubscriber } from './client.js';

type Wake = (message: string | undefined) => void;

export interface Wakes {
  /**
   * Calls `wake` for each message of a channel, and with `undefined` when messages may have been missed. Resolves
   * once subscribed, or after a while: a dead pub/sub must not hold up whoever has a poll to fall back on.
   */
  listen(channel: string, wake: Wake): Promise<Cancel>;
  close(): void;
}

/** @param patienceMs How long `listen` waits, and how long after a failure it is tried again. */
export function redisWakes(link: RedisLink, clock: ServerClock, patienceMs: number): Wakes {
  const channels = new Map<string, Set<Wake>>();
  const subscribed = new Set<string>();
  /** Channels that are tried again: one timer each, however many wait for them. */
  const due = new Set<string>();
  let connection: Promise<RedisSubscriber> | undefined;
  // One change at a time: a client that is told to leave and join a channel at once may do it in its own order.
  let turn: Promise<void> = Promise.resolve();
  let closed = false;

  function tell(channel: string, message: string | undefined): void {
    for (const wake of channels.get(channel) ?? []) wake(message);
  }
  async function connect(): Promise<RedisSubscriber> {
    const subscriber = await link.subscriber().catch((error: unknown) => {
      connection = undefined;
      throw error;
    });
    if (closed) subscriber.close();
    subscriber.onResumed(() => {
      for (const channel of channels.keys()) tell(channel, undefined);
    });
    return subscriber;
  }
  /** Makes the subscription what the listeners of the channel want. */
  async function settle(channel: string): Promise<void> {
    const wanted = channels.has(channel);
    if (closed || wanted === subscribed.has(channel)) return;
    try {
      const subscriber = await (connection ??= connect());
      if (wanted) {
        await subscriber.subscribe(channel, (message) => tell(channel, message));
        subscribed.add(channel);
      } else {
        subscribed.delete(channel);
        await subscriber.unsubscribe(channel);
      }
    } catch {
      // The connection is kept, whatever it has refused: it comes back by itself, and another one for every try would not end.
      later(channel);
    }
  }
  function later(channel: string): void {
    if (due.has(channel)) return;
    due.add(channel);
    clock.after(patienceMs, () => {
      due.delete(channel);
      void change(channel);
    });
  }
  function change(channel: string): Promise<void> {
    turn = turn.then(() => settle(channel));
    return turn;
  }

  return {
    async listen(channel, wake) {
      const wakes = channels.get(channel) ?? new Set();
      channels.set(channel, wakes.add(wake));
      await new Promise<void>((resolve) => {
        const cancel = clock.after(patienceMs, resolve);
        void change(channel).then(resolve).finally(cancel);
      });
      return () => {
        wakes.delete(wake);
        if (wakes.size > 0 || channels.get(channel) !== wakes) return;
        channels.delete(channel);
        void change(channel);
      };
    },
    close() {
      closed = true;
      channels.clear();
      void connection?.then((subscriber) => subscriber.close()).catch(() => {});
    },
  };
}
