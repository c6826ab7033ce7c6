/**
 * Keeps the values used last, `limit` of them and at most twice as many; what falls out is computed again.
 *
 *     recent  ─── full ──► becomes the old one      what is used of the old one comes back to the recent one,
 *     old     ───────────► dropped as a whole       what is not is dropped with it
 *
 * Two maps that only grow, and no key that is moved at every use: a Map that deletes and inserts all day copies itself
 * over and over.
 */
export class BoundedCache<V> {
  #recent = new Map<string, V>();
  #old = new Map<string, V>();
  constructor(readonly limit: number) {}

  get(key: string): V | undefined {
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent;
    const value = this.#old.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }
  set(key: string, value: V): void {
    this.#recent.set(key, value);
    if (this.#recent.size < this.limit) return;
    this.#old = this.#recent;
    this.#recent = new Map();
  }
  delete(key: string): void {
    this.#recent.delete(key);
    this.#old.delete(key);
  }
}
