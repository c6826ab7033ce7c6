import { after, now } from '../clock.js';
import type { Face } from '../messages.js';
import type { Stage } from './stage.js';

/** How long the damage on the left stays in sight before it signs in again. */
const DAMAGE_MS = 3_000;
/** A shared expiry nearer than this is left to pass first: a token of two seconds would show nothing. */
const LEAST_MS = 4_000;
/** How long the first sign-in waits for the other stage's expiry to be known. */
const PATIENCE_MS = 3_000;
/** Expiries further apart than this are brought together again. */
const APART_MS = 700;

const BUSY: readonly Face[] = ['refreshing', 'waiting', 'trouble'];

/**
 * Keeps the left stage alive: after tabs were thrown out one of them signs in again, with a token that ends when the
 * right stage's does, so that both stages come to their expiry together.
 */
export class Loop {
  #cancel: (() => void) | undefined;
  #paused = false;
  #asked = 0;
  #patient = true;

  constructor(
    private readonly left: Stage,
    private readonly right: Stage,
  ) {
    left.on(() => this.check());
    right.on(() => this.check());
    document.addEventListener('visibilitychange', () => this.check());
    after(PATIENCE_MS, () => {
      this.#patient = false;
      this.check();
    });
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    this.check();
  }

  /** The expiry both stages come to (epoch ms), and what the ring may say about it. */
  expiry(): { at?: number; words: string } {
    if (this.#paused) return { words: 'paused: the tabs ask for nothing, the leader keeps its token fresh' };
    const [left, right] = [soonest(this.left), soonest(this.right)];
    const at = right ?? left;
    if (at !== undefined) return { at, words: `until all ${right && left ? 'twelve' : 'six'} tokens expire` };
    const busy = [this.left, this.right].some((stage) => [...stage.states().values()].some(({ face }) => BUSY.includes(face)));
    return { words: busy ? 'every tab wants a new token' : 'no token is running' };
  }

  check(): void {
    if (this.#paused || document.hidden || this.#cancel) return;
    const states = [...this.left.states().values()];
    if (states.length < 6 || states.some(({ face }) => face === 'refreshing')) return;
    const shared = soonest(this.right);
    if (states.some(({ face }) => face === 'starting')) return;
    if (states.every(({ face }) => face === 'out')) return shared === undefined && this.#patient ? undefined : this.#signIn(0);
    if (states.some(({ face }) => face === 'thrown')) return this.#signIn(DAMAGE_MS);
    const own = soonest(this.left);
    const apart = own !== undefined && shared !== undefined && Math.abs(own - shared) > APART_MS;
    if (apart && shared - now() > LEAST_MS && shared !== this.#asked) this.#signIn(0);
  }

  #signIn(delay: number): void {
    this.#cancel = after(delay, () => {
      const shared = soonest(this.right);
      const left = shared === undefined ? undefined : shared - now();
      if (left !== undefined && left < LEAST_MS) {
        // Just before or amid the other stage's expiry: come back when its next one is known.
        this.#cancel = after(left + 600, () => this.#again());
        return;
      }
      this.#asked = shared ?? 0;
      this.left.tell({ kind: 'sign-in', ...(shared === undefined ? {} : { until: shared }) }, 1);
      // The answer shows in the states; until then nothing else is asked for.
      this.#cancel = after(1_000, () => this.#again());
    });
  }

  #again(): void {
    this.#cancel = undefined;
    this.check();
  }
}

/** The next expiry of a stage's live tokens. */
function soonest(stage: Stage): number | undefined {
  const ends = [...stage.states().values()].map(({ expiresAt }) => expiresAt ?? 0).filter((end) => end > now());
  return ends.length ? Math.min(...ends) : undefined;
}
