import { after } from '../clock.js';

/** Waits until `met()`, asked again at every `nudge`; resolves false after `ms`. */
export class Expectation {
  readonly #waiting = new Set<() => void>();

  nudge(): void {
    for (const check of [...this.#waiting]) check();
  }

  until(met: () => boolean, ms: number): Promise<boolean> {
    return new Promise((done) => {
      const finish = (result: boolean): void => {
        cancel();
        this.#waiting.delete(check);
        done(result);
      };
      const check = (): void => {
        if (met()) finish(true);
      };
      const cancel = after(ms, () => finish(false));
      this.#waiting.add(check);
      check();
    });
  }
}
