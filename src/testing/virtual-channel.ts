/** The broadcast channel of a virtual origin: to every other context that listens, nothing kept. */
import type { Channel } from '../core/ports.js';
import type { Message } from '../core/messages.js';
import type { Conditions } from './conditions.js';
import type { Prng } from './prng.js';
import type { Scheduler } from './scheduler.js';
import type { Vitality } from './vitality.js';

interface Listener {
  owner: Vitality;
  hear(data: unknown): void;
  open: boolean;
  /** When the last message of a sender arrives here: the next one may not overtake it. */
  lastFrom: Map<Vitality, number>;
}

export interface VirtualChannels {
  channelFor(owner: Vitality): Channel;
  /** Anything at all, from a hostile script of the origin. */
  inject(data: unknown): void;
}

export const createVirtualChannels = (
  scheduler: Scheduler,
  prng: Prng,
  conditions: Conditions,
  onPost: (owner: Vitality, message: Message) => void,
): VirtualChannels => {
  const listeners = new Set<Listener>();

  const deliver = (listener: Listener, sender: Vitality | undefined, data: unknown): void => {
    let arrival = scheduler.now() + prng.between(conditions.messageDelay);
    if (sender && !conditions.messageReordering) {
      arrival = Math.max(arrival, listener.lastFrom.get(sender) ?? 0);
      listener.lastFrom.set(sender, arrival);
    }
    scheduler.after(
      arrival - scheduler.now(),
      () => {
        if (listener.open) listener.hear(structuredClone(data));
      },
      listener.owner.messages,
    );
  };

  const broadcast = (sender: Vitality | undefined, data: unknown): void => {
    const sent = structuredClone(data);
    for (const listener of listeners) {
      if (listener.owner === sender) continue;
      const lost = prng.chance(conditions.messageLoss);
      const twice = prng.chance(conditions.messageDuplication);
      if (!lost) deliver(listener, sender, sent);
      if (twice) deliver(listener, sender, sent);
    }
  };

  return {
    channelFor(owner) {
      let listener: Listener | undefined;
      const close = (): void => {
        if (!listener) return;
        listener.open = false;
        listeners.delete(listener);
        listener = undefined;
      };
      owner.onDeath(close);
      return {
        carriesTokens: true,
        post(message) {
          if (!listener || !owner.alive()) return;
          onPost(owner, message);
          broadcast(owner, message);
        },
        open(hear) {
          close();
          if (!owner.alive()) return;
          listener = { owner, hear, open: true, lastFrom: new Map() };
          listeners.add(listener);
        },
        close,
      };
    },
    inject: (data) => broadcast(undefined, data),
  };
};
