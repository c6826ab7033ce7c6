/**
 * Seeded random numbers: the same seed gives the same run, on every machine and engine.
 * Not for secrets.
 */
import type { Random } from '../core/ports.js';

/** From and to, both included. */
export type Range = readonly [least: number, most: number];

/** Seeded random numbers. */
export interface Prng extends Random {
  /** Uniform in [least, most]. */
  between(range: Range): number;
  /** True with this probability. Draws even when it is 0 or 1, so that switching a fault off moves nothing else. */
  chance(probability: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** A stream of its own, so that more draws here move nothing there. */
  fork(): Prng;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Seeded random numbers: the same seed, the same run. */
export const createPrng = (seed: number): Prng => {
  let state = seed >>> 0;
  // Weyl sequence through a 32-bit finaliser: small, fast, good enough to schedule faults with.
  const word = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  const prng: Prng = {
    next: () => word() / 0x1_0000_0000,
    id: () => {
      let id = '';
      while (id.length < 22) {
        for (let bits = word(), n = 0; n < 5 && id.length < 22; n++, bits >>>= 6) id += ALPHABET[bits & 63];
      }
      return id;
    },
    between: ([least, most]) => least + prng.next() * (most - least),
    chance: (probability) => prng.next() < probability,
    pick: (from) => from[Math.floor(prng.next() * from.length)]!,
    fork: () => createPrng(word()),
  };
  return prng;
};
