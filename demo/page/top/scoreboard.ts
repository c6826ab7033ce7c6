import type { StageName, Tally } from '../../contract.js';
import { make, part } from '../part.js';

const plural = (count: number): string => `${count} ${count === 1 ? 'request' : 'requests'}`;

const shares = (byNode: number[]): string => byNode.map((count, index) => `${count} by node ${index + 1}`).join(', ');

/** The counters of both stages, as the server counted. */
export class Scoreboard {
  readonly #latest = new Map<StageName, Tally>();
  #announced = 0;

  show(tally: Tally): void {
    this.#latest.set(tally.stage, tally);
    const done = tally.expiry > 0 && tally.answered >= tally.requests;
    const tone = tally.thrownOut ? 'bad' : done ? 'good' : '';
    part(`score-${tally.stage}`).replaceChildren(
      make('span', { class: 'count', 'data-count': 'requests' }, String(tally.requests)),
      make('span', { class: 'what' }, tally.requests === 1 ? 'request' : 'requests'),
      make('span', { class: `count ${tone}`, 'data-count': 'out' }, String(tally.thrownOut)),
      make('span', { class: 'what' }, 'thrown out'),
      make('span', { class: 'total' }, `${tally.total.requests} · ${tally.total.thrownOut} in all`),
    );
    if (tally.byNode.length) part('shares').textContent = `Refreshes: ${shares(tally.byNode)}`;
    this.#announce();
  }

  /** Said once per expiry, when both stages are through with it: a running count would drown everything else. */
  #announce(): void {
    const each = this.#latest.get('each');
    const together = this.#latest.get('together');
    if (!each?.expiry || !together?.expiry) return;
    if (each.answered < each.requests || together.answered < together.requests) return;
    const key = each.expiry + together.expiry;
    if (key === this.#announced) return;
    this.#announced = key;
    part('announce').textContent =
      `Each tab for itself: ${plural(each.requests)}, ${each.thrownOut} thrown out. ` +
      `With tabaton: ${plural(together.requests)}, ${together.thrownOut} thrown out.`;
  }
}
