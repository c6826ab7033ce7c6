/** A server of the bench as a process of its own, and what it spends. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Loaded } from './load.js';
import type { Presented, ServeSettings } from './words.js';

export interface Started {
  port: number;
  families: Presented[];
  ask(word: string): Promise<{ rss: number; heap: number; user: number; system: number }>;
  stop(): Promise<void>;
}

/** On one core of its own, where the machine lets us say so. */
export async function start(file: string, settings: ServeSettings): Promise<Started> {
  const pinned = process.platform === 'linux' && (await exists('taskset'));
  const argv = ['--expose-gc', file, JSON.stringify(settings)];
  const child: ChildProcess = pinned
    ? spawn('taskset', ['-c', '0', process.execPath, ...argv], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    : fork(file, argv.slice(2), { execArgv: ['--expose-gc'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const early = once(child, 'exit').then(([code]) => {
    throw new Error(`A server of the bench ended with ${code} before it was ready.`);
  });
  early.catch(() => {});
  const [{ port, presented }] = (await Promise.race([once(child, 'message'), early])) as [{ port: number; presented: Presented[] }];
  return {
    port,
    families: presented,
    async ask(word) {
      child.send(word);
      const [answer] = await once(child, 'message');
      return answer;
    },
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function exists(command: string): Promise<boolean> {
  const probe = spawn('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' });
  const [code] = await once(probe, 'exit');
  return code === 0;
}

/** CPU microseconds of the server process per answer: what a busy machine does not change. */
export async function measured(server: Started, run: (port: number) => Promise<Loaded>): Promise<Loaded & { cpu: number }> {
  const before = await server.ask('cpu');
  const loaded = await run(server.port);
  const after = await server.ask('cpu');
  return { ...loaded, cpu: (after.user + after.system - before.user - before.system) / loaded.answers };
}
