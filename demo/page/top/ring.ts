import { after, now } from '../clock.js';
import { calm, part } from '../part.js';

/** Ms between two positions of the hand; a timer, because a running animation would cost a frame per display refresh. */
const STEP_MS = 200;

/** The way to the shared expiry. */
export class Ring {
  readonly #hand = part<SVGCircleElement>('ring-hand');
  readonly #number = part<SVGTextElement>('ring-number');
  #cancel = (): void => {};
  #end: number | undefined;

  constructor(private readonly lifetime: number) {
    document.addEventListener('visibilitychange', () => this.#tick());
  }

  /** `end` in epoch ms. Without one the ring is empty and shows `otherwise`. */
  set(end: number | undefined, otherwise: string): void {
    this.#end = end;
    if (end !== undefined) return this.#tick();
    this.#cancel();
    this.#show(0, otherwise);
  }

  #tick(): void {
    this.#cancel();
    if (this.#end === undefined || document.hidden) return;
    const left = Math.max(0, this.#end - now());
    this.#show(Math.min(1, left / this.lifetime), String(Math.ceil(left / 1000)));
    const step = calm() ? 1000 : STEP_MS;
    if (left > 0) this.#cancel = after(left % step || step, () => this.#tick());
  }

  #show(share: number, text: string): void {
    this.#hand.style.strokeDashoffset = String(100 - share * 100);
    if (this.#number.textContent !== text) this.#number.textContent = text;
  }
}
