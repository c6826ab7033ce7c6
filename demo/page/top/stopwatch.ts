import { now } from '../clock.js';
import { part } from '../part.js';

/** Runs from a fault to the moment the tabs are green again. Paints only while it runs. */
export class Stopwatch {
  readonly #face = part('watch');
  #began: number | undefined;
  #painting = 0;

  start(): void {
    this.#began = now();
    this.#face.dataset['state'] = 'running';
    this.#paint();
  }

  /** Milliseconds since the start. */
  stop(): number {
    cancelAnimationFrame(this.#painting);
    const took = this.#began === undefined ? 0 : now() - this.#began;
    this.#began = undefined;
    this.#face.dataset['state'] = 'stopped';
    this.#show(took);
    return took;
  }

  #paint(): void {
    if (this.#began === undefined) return;
    this.#show(now() - this.#began);
    this.#painting = requestAnimationFrame(() => this.#paint());
  }

  #show(ms: number): void {
    const [number] = this.#face.childNodes;
    if (number) number.textContent = (ms / 1000).toFixed(2);
  }
}
