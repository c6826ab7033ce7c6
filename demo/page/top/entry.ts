import type { Stage } from './stage.js';

/**
 * Signs the right stage in when the page opens and nobody is: one tab logs in, the other five hear of it.
 * A visitor who signed out stays signed out until the button says otherwise.
 */
export class Entry {
  #wanted = true;
  #asked = false;

  constructor(private readonly stage: Stage) {
    stage.on(() => this.#check());
  }

  /** The session is to stay over, or to begin again now. */
  want(signedIn: boolean): void {
    this.#wanted = signedIn;
    this.#asked = false;
    this.#check();
  }

  #check(): void {
    const states = [...this.stage.states().values()];
    const settled = states.length === 6 && states.every(({ face }) => face !== 'starting');
    if (!settled || !this.#wanted) return;
    const out = states.filter(({ face }) => face === 'out' || face === 'thrown').length;
    if (out === 0) this.#asked = false;
    if (out < states.length || this.#asked) return;
    this.#asked = true;
    this.stage.tell({ kind: 'sign-in' }, 1);
  }
}
