/** The constants the rotation's proofs rest on, and what follows from them. Milliseconds. */
import { DEADLINE_MS, MIN_ROTATION_MS, RACE_MS, TRANSIT_MS } from '../../contract/wire.js';
import { MisconfiguredError } from './misconfigured.js';
import { checkNames } from './names.js';

/** The times of the rotation; see docs/wire-protocol.md before changing one. */
export interface TimingOptions {
  /** D: a client abandons its request after this long. Default 10 s. */
  deadlineMs?: number;
  /** Q: the longest a request is in transit. Default 10 s. */
  transitMs?: number;
  /** C ≥ D + Q: how long the previous cookie still gets a token. Default 20 s. */
  raceMs?: number;
  /** M > D + Q: least time between two rotations of a family. Default 35 s. */
  minRotationMs?: number;
  /** Least time between two access tokens of one scope and resource. Default 5 s, at most a quarter of a token's life. */
  mintGapMs?: number;
  /** Term of the lease under which one node calls the provider, renewed at a third of it: how long a dead node is waited for. Default 30 s. */
  leaseMs?: number;
}

export interface Timing {
  readonly deadlineMs: number;
  readonly raceMs: number;
  readonly floorMs: number;
  readonly mintGapMs: number;
  readonly leaseMs: number;
  /** C + D + D/2: when a `raced` client presents its cookie once more. */
  readonly settleAfterMs: number;
  /** Everything the endpoint does for one request fits into this: D − 2 s at the default. */
  readonly serverTimeMs: number;
  /** How long the body of a request is waited for, however it dribbles: 4 s at the default. */
  readonly bodyWaitMs: number;
  /** How long a request waits for a lock: 3 s at the default. */
  readonly lockWaitMs: number;
  /** How long it waits for a token in all, lock included: 7 s. The rest is for saying so, with the cookie. */
  readonly tokenWaitMs: number;
}

const DEFAULTS: Required<TimingOptions> = {
  deadlineMs: DEADLINE_MS,
  transitMs: TRANSIT_MS,
  raceMs: RACE_MS,
  minRotationMs: MIN_ROTATION_MS,
  mintGapMs: 5_000,
  leaseMs: 30_000,
};

/** @throws MisconfiguredError when the rotation could log somebody out, or let a thief stay. */
export function timingOf(options: TimingOptions = {}): Timing {
  checkNames(options, DEFAULTS, 'timing.');
  const { deadlineMs: d, transitMs: q, raceMs: c, minRotationMs: m, mintGapMs, leaseMs } = { ...DEFAULTS, ...options };
  for (const [name, value] of Object.entries({ deadlineMs: d, transitMs: q, raceMs: c, minRotationMs: m, mintGapMs, leaseMs })) {
    if (!Number.isFinite(value) || value < 0) throw new MisconfiguredError(`timing.${name}`, 'give milliseconds, not below 0.');
  }
  if (leaseMs < 100) throw new MisconfiguredError('timing.leaseMs', 'a lease below 100 ms is lost by every hiccup. Give more.');
  if (c < d + q) {
    throw new MisconfiguredError(
      'timing.raceMs',
      `C = ${c} ms is below D + Q = ${d + q} ms: a slow request of an honest browser would look like theft. Raise it.`,
    );
  }
  if (m <= d + q) {
    throw new MisconfiguredError(
      'timing.minRotationMs',
      `M = ${m} ms is not above D + Q = ${d + q} ms: a browser could fall two cookies behind. Raise it.`,
    );
  }
  return {
    deadlineMs: d,
    raceMs: c,
    floorMs: m,
    mintGapMs,
    leaseMs,
    settleAfterMs: c + d + d / 2,
    serverTimeMs: d * 0.8,
    bodyWaitMs: d * 0.4,
    lockWaitMs: d * 0.3,
    tokenWaitMs: d * 0.7,
  };
}
