import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { forward } from './forward.js';
import type { NodeSettings, NodeWord } from './node-words.js';

interface Node {
  readonly number: number;
  readonly child: ChildProcess;
  readonly origin: string;
}

/** The nodes of the right stage, and the front before them: each request goes to the next one that is alive. */
export class Nodes {
  readonly #nodes = new Map<number, Node>();
  readonly #starting = new Set<Promise<void>>();
  #closing = false;
  // Refreshes take turns by themselves: whatever is asked in between, one and the next go to different nodes.
  readonly #turns = { refresh: 0, other: 0 };

  constructor(
    private readonly file: string,
    private readonly settings: Omit<NodeSettings, 'number'>,
    /** Shared by all: a cookie of one is good at the others. */
    private readonly key: string,
  ) {}

  async start(count: number): Promise<void> {
    const numbers = Array.from({ length: count }, (_, index) => index + 1);
    await Promise.all(numbers.map((number) => this.#open(number)));
  }

  processes(): number[] {
    return this.#living().map(({ child }) => child.pid ?? 0);
  }

  /** @throws NodeGoneError when the node ended before it had answered. */
  async answer(request: Request): Promise<Response> {
    const living = this.#living();
    const turn = new URL(request.url).pathname.endsWith('/refresh') ? 'refresh' : 'other';
    return forward(request, living[this.#turns[turn]++ % living.length]?.origin);
  }

  /** SIGKILL: nothing is said, nothing is released. Another process then takes its number. */
  replace(number: number): void {
    const node = this.#nodes.get(number);
    if (!node || !this.#nodes.delete(number)) return;
    const replaced = end(node.child, 'SIGKILL').then(() => (this.#closing ? undefined : this.#open(number)));
    this.#starting.add(replaced);
    void replaced
      .catch((error: unknown) => console.error(`demo: node ${number} did not start again`, error))
      .finally(() => this.#starting.delete(replaced));
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.allSettled([...this.#starting]);
    await Promise.all([...this.#nodes.values()].map(({ child }) => end(child, 'SIGTERM')));
  }

  #living(): Node[] {
    return [...this.#nodes.values()].filter(({ child }) => isAlive(child)).toSorted((a, b) => a.number - b.number);
  }

  async #open(number: number): Promise<void> {
    const child = fork(this.file, [JSON.stringify({ ...this.settings, number } satisfies NodeSettings)], {
      env: { ...process.env, TABATON_KEY: this.key },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const port = await new Promise<number>((done, fail) => {
      child.once('message', (word: NodeWord) => done(word.port));
      child.once('error', fail);
      child.once('exit', (code, signal) => fail(new Error(`Node ${number} ended (${code ?? signal}) before it was ready.`)));
    });
    this.#nodes.set(number, { number, child, origin: `http://127.0.0.1:${port}` });
  }
}

const isAlive = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

async function end(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (!isAlive(child)) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}
