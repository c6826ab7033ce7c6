import type { StageName } from '../../contract.js';
import { type ContextState, type FromContext, SIZE, type ToContext } from '../messages.js';
import { make } from '../part.js';

interface Seat {
  readonly number: number;
  readonly id: string;
  readonly slot: HTMLElement;
  frame: HTMLIFrameElement | undefined;
  state: ContextState;
}

type Said = FromContext & { id: string };

const STARTING: ContextState = { face: 'starting', leader: false, generation: 0 };

/** Six contexts: real iframes, each with its own JavaScript world. The stage only hears what they say. */
export class Stage {
  readonly #seats: Seat[];
  readonly #listeners = new Set<(message: FromContext, number: number) => void>();

  constructor(
    readonly name: StageName,
    private readonly origin: string,
    page: string,
    grid: HTMLElement,
  ) {
    this.#seats = Array.from({ length: SIZE }, (_, index) => {
      const number = index + 1;
      const slot = make('div', { class: 'slot', 'data-seat': `${name}-${number}` });
      return { number, id: `${page}-${name}-${number}`, slot, frame: undefined, state: STARTING };
    });
    grid.replaceChildren(...this.#seats.map((seat) => seat.slot));
    addEventListener('message', (event: MessageEvent<Said>) => this.#hear(event));
    for (const seat of this.#seats) this.open(seat.number);
  }

  /** States of the contexts that are open, by number. */
  states(): Map<number, ContextState> {
    return new Map(this.#seats.filter((seat) => seat.frame).map((seat) => [seat.number, seat.state]));
  }

  on(listener: (message: FromContext, number: number) => void): void {
    this.#listeners.add(listener);
  }

  tell(message: ToContext, number?: number): void {
    for (const seat of this.#seats)
      if (number === undefined || seat.number === number) seat.frame?.contentWindow?.postMessage(message, this.origin);
  }

  /** Number of the context that the server's log calls `sender`; undefined when it is none of this stage's. */
  numberOf(sender: string): number | undefined {
    return this.#seats.find((seat) => seat.id === sender)?.number;
  }

  slot(number: number): HTMLElement | undefined {
    return this.#seats[number - 1]?.slot;
  }

  open(number: number): void {
    const seat = this.#seats[number - 1];
    if (!seat || seat.frame) return;
    seat.state = STARTING;
    seat.frame = make('iframe', {
      src: `${this.origin}/${this.name}?id=${seat.id}`,
      title: `${this.name === 'each' ? 'Tab for itself' : 'Tab with tabaton'}, ${number} of ${SIZE}`,
      tabindex: '-1',
    });
    seat.slot.replaceChildren(seat.frame);
  }

  /** Takes the iframe out of the document: its context is gone at once, as a closed tab's is. */
  kill(number: number): void {
    const seat = this.#seats[number - 1];
    if (!seat?.frame) return;
    seat.frame = undefined;
    seat.state = STARTING;
    seat.slot.replaceChildren(make('p', { class: 'gone' }, 'closed'));
  }

  #hear(event: MessageEvent<Said>): void {
    const seat = this.#seats.find((candidate) => candidate.id === event.data?.id);
    if (!seat?.frame || event.source !== seat.frame.contentWindow || event.origin !== this.origin) return;
    if (event.data.kind === 'state') seat.state = event.data.state;
    for (const listener of this.#listeners) listener(event.data, seat.number);
  }
}
