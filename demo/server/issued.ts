/** Sessions remembered at most; the demo has one visitor and a few windows. */
const KEPT = 64;

/**
 * Which generation each session has reached, and below which the API refuses its tokens: the demo's stand-in for a
 * signing key that was withdrawn or an API that revokes tokens.
 */
export class IssuedTokens {
  readonly #latest = new Map<string, number>();
  readonly #refused = new Map<string, number>();

  saw(sid: string, generation: number): void {
    this.#latest.set(sid, Math.max(generation, this.#latest.get(sid) ?? 0));
    if (this.#latest.size > KEPT) this.#forget([...this.#latest.keys()][0] ?? '');
  }

  /** From now on every token issued so far is refused. */
  refuseAll(): void {
    for (const [sid, generation] of this.#latest) this.#refused.set(sid, generation);
  }

  accepts(sid: string, generation: number): boolean {
    return generation > (this.#refused.get(sid) ?? 0);
  }

  #forget(sid: string): void {
    this.#latest.delete(sid);
    this.#refused.delete(sid);
  }
}
