import type { LogLine } from '../../contract.js';
import { make, part } from '../part.js';
import { nodeName, toneOf } from './door.js';
import { sentence } from './sentence.js';

const SHOWN = 40;

/** The server's log, newest first. Written only while the drawer is open. */
export class Logbook {
  readonly #drawer = part<HTMLDetailsElement>('drawer');
  readonly #list = part('log');
  #lines: LogLine[] = [];

  constructor(recent: LogLine[]) {
    this.#lines = recent.slice(-SHOWN);
    this.#drawer.addEventListener('toggle', () => this.#render());
    this.#render();
  }

  add(line: LogLine): void {
    this.#lines = [...this.#lines, line].slice(-SHOWN);
    if (!this.#drawer.open) return;
    this.#list.prepend(item(line));
    while (this.#list.childElementCount > SHOWN) this.#list.lastElementChild?.remove();
  }

  #render(): void {
    if (this.#drawer.open) this.#list.replaceChildren(...this.#lines.map(item).reverse());
  }
}

function item(line: LogLine): HTMLElement {
  const clock = new Date(line.at).toISOString().slice(14, 23);
  return make(
    'li',
    { 'data-tone': toneOf(line) },
    make('time', {}, clock),
    make('b', {}, line.stage === 'each' ? 'left' : (nodeName(line) ?? 'right')),
    make('span', {}, sentence(line)),
  );
}
