import type { LogLine, Route, Sender, StageName } from '../contract.js';
import type { Clock } from './clock.js';

/** `Omit` that keeps a union a union. */
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

type Entry = Without<LogLine, 'seq' | 'at'>;

/** How many lines a page that connects late is shown. */
const RECENT = 60;
/** How many lines are kept at all: the demo may run for days. */
const KEPT = 2_000;

/** The server's own log. The page draws nothing that is not in here or said by a context itself. */
export class ServerLog {
  readonly #listeners = new Set<(line: LogLine) => void>();
  #lines: LogLine[] = [];
  #seq = 0;
  #requests = 0;

  constructor(private readonly clock: Clock) {}

  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  recent(): LogLine[] {
    return this.#lines.slice(-RECENT);
  }

  /** Opens the record of one request; what follows about it is written through the returned object. */
  open(stage: StageName, route: Route, from: Sender, reason?: string): RequestRecord {
    const head = { stage, route, from, request: ++this.#requests };
    let served: { node?: number } = {};
    const began = this.clock.now();
    const write = (entry: Entry): void => this.#write(entry);
    write({ ...head, phase: 'arrived', ...(reason === undefined ? {} : { reason }) });
    return {
      servedBy: (node) => {
        if (node !== undefined) served = { node };
      },
      held: () => write({ ...head, ...served, phase: 'held' }),
      lost: (how) => write({ ...head, ...served, phase: 'lost', how }),
      answered: (status, said = {}) =>
        write({ ...head, ...served, phase: 'answered', status, ms: this.clock.now() - began, ...said }),
    };
  }

  subscribe(listener: (line: LogLine) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #write(entry: Entry): void {
    const line: LogLine = { ...entry, seq: ++this.#seq, at: this.clock.now() };
    this.#lines.push(line);
    if (this.#lines.length > KEPT) this.#lines = this.#lines.slice(-KEPT / 2);
    for (const listener of this.#listeners) listener(line);
  }
}

export interface RequestRecord {
  /** Which node did it, for the lines that follow; undefined where there are none. */
  servedBy(node: number | undefined): void;
  held(): void;
  lost(how: 'dropped' | 'hung' | 'unplugged' | 'killed'): void;
  answered(status: number, said?: { outcome?: string; reason?: string; generation?: number }): void;
}
