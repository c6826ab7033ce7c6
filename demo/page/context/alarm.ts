import { after, now } from '../clock.js';

/** Runs `strike` once when the token it was last set to expires. A hidden page leaves it until somebody looks. */
export class ExpiryAlarm {
  #cancel = (): void => {};
  #at: number | undefined;
  #due = false;
  #paused = false;

  constructor(private readonly strike: () => void) {
    document.addEventListener('visibilitychange', () => this.#run());
  }

  set(expiresAt: number | undefined): void {
    if (expiresAt === this.#at) return;
    this.#at = expiresAt;
    this.#due = false;
    this.#cancel();
    if (expiresAt === undefined) return;
    this.#cancel = after(expiresAt - now(), () => {
      this.#due = true;
      this.#run();
    });
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    this.#run();
  }

  #run(): void {
    if (!this.#due || this.#paused || document.hidden) return;
    this.#due = false;
    this.strike();
  }
}
