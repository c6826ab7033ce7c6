import { type Clock } from './clock.js';

/** What happens to the reply of the next refresh of the right stage. */
type Armed = 'pass' | 'hold' | 'lose' | 'hang' | 'kill-node';

/** A reply is kept back this long at most, so that a forgotten `hold` cannot wedge the demo. */
const LONGEST_HOLD_MS = 20_000;

/** The faults that the drawer can ask for. One refresh takes an armed fault with it; the next one passes again. */
export class Faults {
  #armed: Armed = 'pass';
  #unplugged = false;
  readonly #held = new Set<() => void>();

  constructor(private readonly clock: Clock) {}

  get unplugged(): boolean {
    return this.#unplugged;
  }

  plug(connected: boolean): void {
    this.#unplugged = !connected;
  }

  arm(fault: Exclude<Armed, 'pass'>): void {
    this.#armed = fault;
  }

  /** Takes the armed fault, if there is one. */
  take(): Armed {
    const armed = this.#armed;
    this.#armed = 'pass';
    return armed;
  }

  /** Waits for `release`, at most {@link LONGEST_HOLD_MS}. */
  hold(): Promise<void> {
    return new Promise((done) => {
      const finish = (): void => {
        cancel();
        this.#held.delete(finish);
        done();
      };
      const cancel = this.clock.after(LONGEST_HOLD_MS, finish);
      this.#held.add(finish);
    });
  }

  /** Lets every held reply go, and disarms a hold that no refresh has taken yet. */
  release(): void {
    if (this.#armed === 'hold') this.#armed = 'pass';
    for (const finish of [...this.#held]) finish();
  }
}
