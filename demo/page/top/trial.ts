import type { LogLine } from '../../contract.js';
import type { ContextState } from '../messages.js';
import { Expectation } from './expectation.js';
import type { ServerLine } from './server.js';
import type { Stage } from './stage.js';

/** What one trial saw: asked of contexts and of the server's log, never assumed. */
export class Trial {
  readonly #expectation = new Expectation();
  readonly #lines: LogLine[] = [];
  readonly #base: number;
  readonly #called = new Map<number, { ok: number; failed: number }>();
  readonly #stop: () => void;

  constructor(
    private readonly stage: Stage,
    server: ServerLine,
    private readonly run: number,
  ) {
    this.#base = Math.max(0, ...[...stage.states().values()].map(({ generation }) => generation));
    this.#stop = server.on('line', (line) => {
      this.#lines.push(line);
      this.#expectation.nudge();
    });
    stage.on((message, number) => {
      if (message.kind === 'called' && message.run === run) this.#called.set(number, message);
      this.#expectation.nudge();
    });
  }

  end(): void {
    this.#stop();
  }

  /** Every tab calls the API; with their tokens refused each of them now needs a new one. */
  callAll(times = 1): void {
    this.stage.tell({ kind: 'call', run: this.run, times });
  }

  /**
   * Every tab asks for a newer token, the leader first: when its request has reached the server the others ask too, and
   * wait. Without a leader on this stage (a real tab may lead) it is left to the race.
   */
  async refreshAll(): Promise<void> {
    const leader = [...this.stage.states()].find(([, { leader }]) => leader)?.[0];
    if (leader !== undefined) {
      this.stage.tell({ kind: 'refresh' }, leader);
      await this.line((line) => this.#asks(line), 3_000);
    }
    for (const number of this.stage.states().keys()) if (number !== leader) this.stage.tell({ kind: 'refresh' }, number);
  }

  call(times: number, number: number): void {
    this.stage.tell({ kind: 'call', run: this.run, times }, number);
  }

  /** The line of the log that `matches`, or undefined after `ms`. */
  async line(matches: (line: LogLine) => boolean, ms: number): Promise<LogLine | undefined> {
    await this.#expectation.until(() => this.#lines.some(matches), ms);
    return this.#lines.find(matches);
  }

  /** Every open tab is signed in with a newer token than before the trial. */
  green(ms: number): Promise<boolean> {
    return this.until((states) => states.every(({ face, generation }) => face === 'green' && generation > this.#base), ms);
  }

  until(met: (states: ContextState[]) => boolean, ms: number): Promise<boolean> {
    return this.#expectation.until(() => met([...this.stage.states().values()]), ms);
  }

  /** Sum of what the calls of this trial came to, once `contexts` tabs have reported. */
  async calls(contexts: number, ms: number): Promise<{ ok: number; failed: number }> {
    await this.#expectation.until(() => this.#called.size >= contexts, ms);
    let [ok, failed] = [0, 0];
    for (const result of this.#called.values()) [ok, failed] = [ok + result.ok, failed + result.failed];
    return { ok, failed };
  }

  /** Refresh requests that the server saw, those of newly opened tabs left out. */
  requests(): number {
    return this.#lines.filter((line) => this.#asks(line) && !('reason' in line && line.reason === 'startup')).length;
  }

  thrownOut(): number {
    const of = (line: LogLine) => line.stage === this.stage.name && line.route === 'refresh';
    return this.#lines.filter((line) => of(line) && line.phase === 'answered' && line.status === 400).length;
  }

  #asks(line: LogLine): boolean {
    return line.stage === this.stage.name && line.route === 'refresh' && line.phase === 'arrived';
  }
}
