/**
 * What disturbs a context between the platform and its session: messages lost, doubled or late, a ledger
 * that fails or stays silent. Stands in front of the ports, so that each disturbance can be counted.
 */
import type { Channel, Clock, Ledger } from '../core/ports.js';
import type { Prng } from '../testing/index.js';
import type { Fault } from './verb-names.js';

type Kind = Extract<Fault, 'lossy' | 'double' | 'slow' | 'ledgerFails'>;

export interface Weather {
  /** Until when (virtual ms) each disturbance lasts. */
  readonly until: Record<Kind, number>;
  clear(): void;
  channel(inner: Channel, clock: Clock, carriesTokens: boolean, watch: ChannelWatch): Channel;
  ledger(inner: Ledger, clock: Clock, watch: (stored: unknown) => void): Ledger;
}

export interface ChannelWatch {
  posted(message: unknown): void;
  /** A message that this context will not hear, or not in time. */
  missed(message: unknown): void;
}

const SHARE = 0.6;

export const createWeather = (now: () => number, prng: Prng, happened: (kind: Kind) => void): Weather => {
  const until: Weather['until'] = { lossy: 0, double: 0, slow: 0, ledgerFails: 0 };
  const strikes = (kind: Kind, share = SHARE): boolean => {
    if (now() >= until[kind] || !prng.chance(share)) return false;
    happened(kind);
    return true;
  };

  return {
    until,
    clear: () => void Object.assign(until, { lossy: 0, double: 0, slow: 0, ledgerFails: 0 }),
    channel(inner, clock, carriesTokens, watch) {
      let hearing: object | undefined;
      return {
        carriesTokens,
        post(message) {
          watch.posted(message);
          inner.post(message);
        },
        open(hear) {
          const mine = (hearing = {});
          const deliver = (data: unknown): void => void (hearing === mine && hear(data));
          inner.open((data) => {
            if (strikes('lossy')) return watch.missed(data);
            if (strikes('double')) clock.after(prng.between([0, 50]), () => deliver(structuredClone(data)));
            if (!strikes('slow')) return deliver(data);
            watch.missed(data);
            clock.after(prng.between([50, 3_000]), () => deliver(data));
          });
        },
        close() {
          hearing = undefined;
          inner.close();
        },
      };
    },
    ledger(inner, clock, watch) {
      const operate = <T>(run: () => Promise<T>): Promise<T> => {
        if (!strikes('ledgerFails', 0.4)) return run().then((stored) => (watch(stored), stored));
        // Rejects, never answers, or did it and never says so.
        const how = prng.next();
        if (how > 0.66) void run();
        return how < 0.33 ? new Promise((_, reject) => clock.after(5, () => reject(new Error('The ledger failed, as it was told to.')))) : new Promise(() => {});
      };
      return {
        read: () => operate(() => inner.read()),
        update: (change, options) => operate(() => inner.update(change, options)),
      };
    },
  };
};
