import type { StageName, Tally } from '../contract.js';

/**
 * Counts refresh requests per shared expiry, by what the *server* sees: requests that want to replace the same
 * thing (left: the same refresh credential; right: the same generation) belong to one expiry, however late one comes.
 */
export class TallyBook {
  readonly #listeners = new Set<(tally: Tally) => void>();
  readonly #tallies: Record<StageName, Tally> = { each: blank('each'), together: blank('together') };
  readonly #keys: Record<StageName, string | undefined> = { each: undefined, together: undefined };

  /** @param nodes Processes behind the right stage; 0 where there is one. */
  constructor(nodes = 0) {
    this.#tallies.together.byNode = Array.from({ length: nodes }, () => 0);
  }

  all(): Tally[] {
    return [this.of('each'), this.of('together')];
  }

  of(stage: StageName): Tally {
    const tally = this.#tallies[stage];
    return { ...tally, total: { ...tally.total }, byNode: [...tally.byNode] };
  }

  /** A refresh request arrived that wants to replace `key`. */
  arrived(stage: StageName, key: string): void {
    const tally = this.#tallies[stage];
    if (this.#keys[stage] !== key) {
      this.#keys[stage] = key;
      Object.assign(tally, { expiry: tally.expiry + 1, requests: 0, thrownOut: 0, answered: 0 });
    }
    tally.requests += 1;
    tally.total.requests += 1;
    this.#tell(stage);
  }

  /** Node `number` has carried a request out, whatever then becomes of its reply. */
  carriedOut(stage: StageName, number: number): void {
    const { byNode } = this.#tallies[stage];
    byNode[number - 1] = (byNode[number - 1] ?? 0) + 1;
    this.#tell(stage);
  }

  /** A request for `key` was answered. */
  answered(stage: StageName, key: string, thrownOut: boolean): void {
    const tally = this.#tallies[stage];
    if (thrownOut) tally.total.thrownOut += 1;
    if (this.#keys[stage] === key) {
      tally.answered += 1;
      if (thrownOut) tally.thrownOut += 1;
    }
    this.#tell(stage);
  }

  subscribe(listener: (tally: Tally) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #tell(stage: StageName): void {
    for (const listener of this.#listeners) listener(this.of(stage));
  }
}

const blank = (stage: StageName): Tally => ({
  stage,
  expiry: 0,
  requests: 0,
  thrownOut: 0,
  answered: 0,
  total: { requests: 0, thrownOut: 0 },
  byNode: [],
});
