import type { ContextState, Face } from '../messages.js';

const WORDS: Record<Face, string> = {
  starting: 'opening',
  green: 'signed in',
  refreshing: 'refreshing',
  waiting: 'waiting',
  trouble: 'trying again',
  resting: 'resting',
  out: 'signed out',
  thrown: 'thrown out',
};

const TOKENLESS: readonly Face[] = ['starting', 'out', 'thrown'];

/** Shows how this context stands. Colour never stands alone: each face has a sign and a word. */
export class Tile {
  readonly #root = part('tile');
  readonly #word = part('word');
  readonly #token = part('token');

  constructor(name: string) {
    part('name').textContent = name;
  }

  show(state: ContextState): void {
    this.#root.dataset['face'] = state.face;
    this.#root.toggleAttribute('data-leader', state.leader);
    this.#word.textContent = WORDS[state.face];
    this.#token.textContent = TOKENLESS.includes(state.face) || state.generation === 0 ? 'no token' : `token ${state.generation}`;
  }

  /** One pulse of the frame, for one token that arrived. */
  pulse(): void {
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    part('pulse').animate([{ opacity: 0.9, transform: 'scale(0.86)' }, { opacity: 0, transform: 'scale(1)' }], {
      duration: 700,
      easing: 'cubic-bezier(0.2, 0.7, 0.3, 1)',
    });
  }
}

function part(name: string): HTMLElement {
  const element = document.querySelector<HTMLElement>(`[data-part="${name}"]`);
  if (!element) throw new Error(`The tile has no part "${name}".`);
  return element;
}
