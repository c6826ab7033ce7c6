/**
 * Exhaustive breadth-first search over a finite transition system.
 *
 * States are byte rows of one width in a growing arena, found again through an open-addressed table of
 * row numbers. Rows are compared byte by byte, never by hash alone: "no violation" means all states.
 */

/** A transition system whose states are rows of `width` bytes (a multiple of four). */
export interface System {
  readonly width: number;
  /** Rewrites a row, in place, to the one row that stands for all states like it. */
  canonical(row: Uint8Array): void;
  initial(emit: (row: Uint8Array) => void): void;
  /**
   * Calls `emit` for every successor. `label` is only built when asked for (a trace), so it is a lambda.
   * `violation` is a sentence when the step itself breaks the property.
   */
  successors(row: Uint8Array, emit: (next: Uint8Array, label: () => string, violation: string | null) => void): void;
}

export interface Finding {
  readonly violation: string;
  /** The shortest way there, one line per step. */
  readonly trace: readonly string[];
}

export interface SearchResult {
  readonly states: number;
  readonly transitions: number;
  /** Longest shortest path: how deep the search had to go. */
  readonly depth: number;
  /** `false` when the cap was reached: then the absence of a finding proves nothing. */
  readonly exhaustive: boolean;
  readonly finding: Finding | null;
}

export function search(system: System, maxStates: number): SearchResult {
  const seen = new RowTable(system.width);
  let transitions = 0;
  let depth = 0;
  let violation: string | null = null;
  let parent = -1;
  let levelEnd = 0;
  const emit = (next: Uint8Array, _: () => string, broken: string | null): void => {
    transitions += 1;
    violation ??= broken;
    if (violation !== null) return;
    system.canonical(next);
    seen.add(next, parent);
  };
  system.initial((row) => {
    system.canonical(row);
    seen.add(row, -1);
  });
  const scratch = new Uint8Array(system.width);
  for (let index = 0; index < seen.size && violation === null; index += 1) {
    if (index === levelEnd) {
      depth += 1;
      levelEnd = seen.size;
    }
    if (seen.size > maxStates) return { states: seen.size, transitions, depth, exhaustive: false, finding: null };
    parent = index;
    seen.read(index, scratch);
    system.successors(scratch, emit);
  }
  const finding = violation === null ? null : { violation, trace: retrace(system, seen, parent, violation) };
  return { states: seen.size, transitions, depth, exhaustive: violation === null, finding };
}

/**
 * Walks the path again with rows that are never renamed, so that one id and one cookie keep one name
 * from the first line of the trace to the last.
 */
function retrace(system: System, seen: RowTable, last: number, violation: string): string[] {
  const path: number[] = [];
  for (let index = last; index >= 0; index = seen.parentOf(index)) path.unshift(index);
  const labels: string[] = [];
  const row = new Uint8Array(system.width);
  const like = new Uint8Array(system.width);
  const goesTo = (next: Uint8Array, index: number | undefined): boolean => {
    like.set(next);
    system.canonical(like);
    return seen.find(like) === index;
  };
  system.initial((start) => {
    if (goesTo(start, path[0])) row.set(start);
  });
  for (const index of [...path.slice(1), undefined]) {
    let found: string | null = null;
    const reached = new Uint8Array(system.width);
    system.successors(row, (next, label, broken) => {
      if (found !== null || (index === undefined ? broken !== violation : !goesTo(next, index))) return;
      found = label();
      reached.set(next);
    });
    labels.push(found ?? 'a step that could not be walked again');
    row.set(reached);
  }
  return labels;
}

/** A set of equally wide byte rows with their parents. */
class RowTable {
  size = 0;
  readonly #width: number;
  readonly #words: number;
  #arena: Uint32Array;
  #bytes: Uint8Array;
  #parents: Int32Array;
  #slots: Int32Array;
  readonly #probe: Uint32Array;
  readonly #probeBytes: Uint8Array;

  constructor(width: number) {
    if (width % 4 !== 0) throw new Error(`A row of the model is ${width} bytes wide; make it a multiple of 4.`);
    this.#width = width;
    this.#words = width / 4;
    this.#arena = new Uint32Array(1024 * this.#words);
    this.#bytes = new Uint8Array(this.#arena.buffer);
    this.#parents = new Int32Array(1024);
    this.#slots = new Int32Array(4096).fill(-1);
    this.#probe = new Uint32Array(this.#words);
    this.#probeBytes = new Uint8Array(this.#probe.buffer);
  }

  parentOf(index: number): number {
    return this.#parents[index] ?? -1;
  }

  read(index: number, into: Uint8Array): void {
    into.set(this.#bytes.subarray(index * this.#width, (index + 1) * this.#width));
  }

  find(row: Uint8Array): number {
    this.#probeBytes.set(row);
    return this.#slots[this.#locate()] ?? -1;
  }

  add(row: Uint8Array, parent: number): void {
    this.#probeBytes.set(row);
    const slot = this.#locate();
    if (this.#slots[slot] !== -1) return;
    this.#reserve();
    this.#arena.set(this.#probe, this.size * this.#words);
    this.#parents[this.size] = parent;
    this.#slots[slot] = this.size;
    this.size += 1;
    if (this.size * 2 > this.#slots.length) this.#rehash();
  }

  /** The slot that holds the probe, or the empty one where it belongs. */
  #locate(): number {
    const mask = this.#slots.length - 1;
    const words = this.#words;
    const probe = this.#probe;
    let slot = this.#hash(probe, 0) & mask;
    for (;;) {
      const index = this.#slots[slot] as number;
      if (index === -1) return slot;
      const start = index * words;
      let word = 0;
      while (word < words && this.#arena[start + word] === probe[word]) word += 1;
      if (word === words) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #hash(words: Uint32Array, start: number): number {
    let hash = 0x9e3779b9;
    for (let word = 0; word < this.#words; word += 1) {
      hash = Math.imul(hash ^ (words[start + word] as number), 0x85ebca6b);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash, 0xc2b2ae35);
    return (hash ^ (hash >>> 13)) >>> 0;
  }

  #reserve(): void {
    if (this.size < this.#parents.length) return;
    const arena = new Uint32Array(this.#arena.length * 2);
    arena.set(this.#arena);
    this.#arena = arena;
    this.#bytes = new Uint8Array(arena.buffer);
    const parents = new Int32Array(this.#parents.length * 2);
    parents.set(this.#parents);
    this.#parents = parents;
  }

  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 2).fill(-1);
    const mask = slots.length - 1;
    for (let index = 0; index < this.size; index += 1) {
      let slot = this.#hash(this.#arena, index * this.#words) & mask;
      while (slots[slot] !== -1) slot = (slot + 1) & mask;
      slots[slot] = index;
    }
    this.#slots = slots;
  }
}
