/** A bounded map whose entries die at a time of the injected clock. */
export interface ExpiringMap<V> {
  get(key: string): V | undefined;
  /** False when the map is full of entries that are still alive. */
  set(key: string, value: V, expiresAt: number): boolean;
  delete(key: string): void;
  values(): Iterable<V>;
  onRemoved(listen: (value: V) => void): void;
}

export function expiringMap<V>(now: () => number, limit: number): ExpiringMap<V> {
  const entries = new Map<string, { value: V; expiresAt: number }>();
  const listeners: ((value: V) => void)[] = [];
  let writes = 0;

  function remove(key: string): void {
    const entry = entries.get(key);
    if (!entry) return;
    entries.delete(key);
    for (const listen of listeners) listen(entry.value);
  }
  function sweep(): void {
    const at = now();
    for (const [key, { expiresAt }] of entries) if (expiresAt <= at) remove(key);
  }
  return {
    get(key) {
      const entry = entries.get(key);
      if (!entry) return undefined;
      if (entry.expiresAt > now()) return entry.value;
      remove(key);
      return undefined;
    },
    set(key, value, expiresAt) {
      // A sweep costs as much as the writes since the last one, so writing stays O(1) on average.
      writes += 1;
      if (writes > entries.size + 64 || (entries.size >= limit && !entries.has(key))) {
        writes = 0;
        sweep();
      }
      if (entries.size >= limit && !entries.has(key)) return false;
      entries.set(key, { value, expiresAt });
      return true;
    },
    delete: remove,
    *values() {
      const at = now();
      for (const { value, expiresAt } of entries.values()) if (expiresAt > at) yield value;
    },
    onRemoved: (listen) => void listeners.push(listen),
  };
}
