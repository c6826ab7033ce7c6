/** Modules of this source in Node processes of their own: bundled first, because Node 20 does not read TypeScript. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('../../../', import.meta.url));

export interface NodeBundle {
  readonly file: string;
  remove(): void;
}

/** @param outDir Default: inside the repository, where its packages are found. */
export async function bundleForNode(entry: string, outDir = join(root, '.tmp', `process-${process.pid}-${basename(entry, '.ts')}`)): Promise<NodeBundle> {
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: { ssr: join(root, entry), outDir, emptyOutDir: true, minify: false, rolldownOptions: { output: { entryFileNames: 'entry.mjs' } } },
  });
  return { file: join(outDir, 'entry.mjs'), remove: () => rmSync(outDir, { recursive: true, force: true }) };
}

export interface NodeProcess<To, From> {
  /** Every message it sends, in order. */
  messages(): AsyncGenerator<From, undefined>;
  next(): Promise<From>;
  send(message: To): void;
  /** SIGKILL: no code of it runs any more. */
  kill(): Promise<void>;
}

export function startNode<To extends object, From>({ file }: NodeBundle, options: unknown): NodeProcess<To, From> {
  const child: ChildProcess = fork(file, [JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const arrived: From[] = [];
  let wake: () => void = () => {};
  let ended = false;
  child.on('message', (message) => {
    arrived.push(message as From);
    wake();
  });
  child.on('exit', () => {
    ended = true;
    wake();
  });
  async function* messages(): AsyncGenerator<From, undefined> {
    for (;;) {
      while (arrived.length > 0) yield arrived.shift()!;
      if (ended) return undefined;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  return {
    messages,
    async next() {
      const { value } = await messages().next();
      if (value === undefined) throw new Error(`The process ended (${child.exitCode ?? child.signalCode}) without an answer.`);
      return value;
    },
    send: (message) => void child.send(message),
    async kill() {
      if (ended) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}
