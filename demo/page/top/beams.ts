import type { LogLine, StageName } from '../../contract.js';
import { calm, make, part } from '../part.js';
import type { Stage } from './stage.js';

type Tone = 'sent' | 'good' | 'bad' | 'told';

/**
 * Draws what happened, when it happened: a dot falls from a tab to the endpoint when the server's log says that its
 * refresh arrived, comes back when it was answered, and runs from tab to tab when a tab was told a token.
 */
export class Beams {
  #fetcher: number | undefined;

  constructor(
    private readonly stage: Stage,
    private readonly host: HTMLElement,
  ) {
    stage.on((message, number) => {
      if (message.kind !== 'token') return;
      if (message.from === 'endpoint') this.#fetcher = number;
      else if (this.#fetcher !== undefined) this.#fly(this.#seat(this.#fetcher), this.#seat(number), 'told');
    });
  }

  line(line: LogLine): void {
    if (line.stage !== this.stage.name || line.route !== 'refresh') return;
    const number = this.stage.numberOf(line.from);
    const door = part(`door-${this.stage.name satisfies StageName}`);
    const seat = number === undefined ? undefined : this.#seat(number);
    if (line.phase === 'arrived') this.#fly(seat, door, 'sent');
    else if (line.phase === 'answered') this.#fly(door, seat, line.status === 200 ? 'good' : 'bad');
  }

  #seat(number: number): HTMLElement | undefined {
    return this.stage.slot(number);
  }

  #fly(from: HTMLElement | undefined, to: HTMLElement | undefined, tone: Tone): void {
    if (!from || !to || calm() || document.hidden) return;
    const home = this.host.getBoundingClientRect();
    const [a, b] = [middle(from, home, to), middle(to, home, from)];
    const dot = make('i', { class: `dot ${tone}`, 'aria-hidden': 'true' });
    this.host.append(dot);
    const flight = dot.animate(
      [
        { transform: `translate(${a.x}px, ${a.y}px) scale(0.5)`, opacity: 0.4 },
        { opacity: 1, offset: 0.15 },
        { transform: `translate(${b.x}px, ${b.y}px) scale(1)`, opacity: 1 },
      ],
      { duration: tone === 'told' ? 320 : 260, easing: 'cubic-bezier(0.4, 0, 0.3, 1)' },
    );
    flight.onfinish = flight.oncancel = () => dot.remove();
  }
}

/** Where a beam meets an element: the door is as wide as the stage, so it is met right below the tab. */
function middle(element: HTMLElement, home: DOMRect, other: HTMLElement): { x: number; y: number } {
  const box = element.getBoundingClientRect();
  const wide = element.classList.contains('door');
  const across = wide ? other.getBoundingClientRect() : box;
  return { x: across.left + across.width / 2 - home.left, y: box.top + box.height / 2 - home.top };
}
