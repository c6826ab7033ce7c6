/**
 * A real redis-server for a test, on a free port of loopback, with a folder of its own: started, stopped, paused,
 * restarted, and rolled back to an older snapshot. It does not outlive the process that started it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { redisPath } from '../../../scripts/browser-path.mjs';
import { freePort } from './free-port.js';
import { lastWill } from './last-will.js';
import { redisCommand } from './redis-command.js';

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** Sends one command over a connection of its own. */
  command(...command: string[]): Promise<unknown>;
  /** Ends the process (SIGKILL): what was not saved is lost. The port stays the same. */
  stop(): Promise<void>;
  /** Starts it again, empty unless a snapshot was restored. */
  start(): Promise<void>;
  /** Stops the process without closing a connection (SIGSTOP): Redis neither answers nor refuses. */
  pause(): void;
  resume(): void;
  /** Keeps what is stored now, for `rollBack`. */
  snapshot(): Promise<void>;
  /** Stops, and starts with the data of the snapshot: what an asynchronous failover may do. */
  rollBack(): Promise<void>;
  /** Ends it for good and removes its folder. */
  close(): Promise<void>;
}

/** @param more Further options of redis-server, e.g. `['--cluster-enabled', 'yes']`. */
export async function startRedis(more: readonly string[] = []): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'tabaton-redis-'));
  let child: ChildProcess;
  let port = 0;
  for (let attempt = 1; ; attempt += 1) {
    port = await freePort();
    // Somebody else may have taken the port in the meantime.
    const started = await run(port, folder, more);
    if (started) {
      child = started;
      break;
    }
    if (attempt === 5) throw new Error('redis-server does not start: no free port stayed free.');
  }
  const file = join(folder, 'dump.rdb');
  const kept = join(folder, 'kept.rdb');

  const server: RedisServer = {
    port,
    url: `redis://127.0.0.1:${port}`,
    command: (...command) => redisCommand(port, command),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
    async start() {
      const started = await run(port, folder, more);
      if (!started) throw new Error(`redis-server does not start again on port ${port}.`);
      child = started;
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async snapshot() {
      await server.command('SAVE');
      copyFileSync(file, kept);
    },
    async rollBack() {
      await server.stop();
      copyFileSync(kept, file);
      await server.start();
      rmSync(file);
    },
    async close() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  // A snapshot that was only kept must not come back by itself.
  if (existsSync(file)) rmSync(file);
  return server;
}

/** Resolves once it takes connections; `undefined` when the port is taken. */
async function run(port: number, folder: string, more: readonly string[]): Promise<ChildProcess | undefined> {
  const child = spawn(
    redisPath(),
    ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no', ...more],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  if (child.pid !== undefined) child.once('exit', lastWill(child.pid, folder));
  let last = '';
  for await (const line of createInterface({ input: child.stdout! })) {
    last = line;
    if (/Ready to accept connections/.test(line)) {
      child.stdout!.resume();
      return child;
    }
    if (/Address already in use/.test(line)) return undefined;
  }
  throw new Error(`redis-server ended before it was ready: ${last}`);
}
