/** `npm run demo` as it is typed: what it says, and what it leaves behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

const start = fileURLToPath(new URL('./start.mjs', import.meta.url));
const started: ChildProcess[] = [];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tabaton-start-'));
});
afterEach(async () => {
  // A test that fails half-way has not stopped its demo.
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  rmSync(folder, { recursive: true, force: true });
});

function demo(flags: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [start, ...flags], { env: { ...process.env, TMPDIR: folder, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  return { child, complaint: () => said, ended: once(child, 'close').then(([status]) => status as number) };
}

/** What it says once it runs, its address first. */
async function address({ child, complaint }: ReturnType<typeof demo>): Promise<{ url: string; about: string }> {
  let url = '';
  for await (const line of createInterface({ input: child.stdout })) {
    url ||= /tabaton demo +(\S+)/.exec(line)?.[1] ?? '';
    const about = /right stage +(.+)/.exec(line)?.[1];
    if (about) return { url, about };
  }
  throw new Error(`The demo did not start: ${complaint()}`);
}

/** The numbers in what it says of its nodes. */
function parties(about: string): { nodes: number[]; redis: number } {
  const [, first, second, redis] = /^2 nodes \(process (\d+), (\d+)\) on redis-server, port (\d+)$/.exec(about)!.map(Number);
  return { nodes: [first!, second!], redis: redis! };
}

/** Redis hangs up on whoever speaks HTTP; only a port without a process refuses. */
const refused = (port: number) => fetch(`http://127.0.0.1:${port}`).then(
  () => 'answered',
  ({ cause }: { cause: { code: string } }) => cause.code,
);

it('on SQLite: one process, and nothing is left of it', { timeout: 120_000 }, async () => {
  const run = demo([]);
  const { url, about } = await address(run);
  expect(about).toMatch(/SQLite/);
  expect((await fetch(`${url}/auth/session`)).headers.get('x-demo-node')).toBeNull();
  expect(readdirSync(folder)).toHaveLength(1);
  run.child.kill('SIGTERM');
  expect(await run.ended).toBe(0);
  expect([readdirSync(folder), run.complaint()]).toEqual([[], '']);
});

it('on Redis: two nodes take turns, and no process and no file is left of them', { timeout: 120_000 }, async () => {
  const run = demo(['--redis', '--nodes', '2']);
  const { url, about } = await address(run);
  const { nodes, redis } = parties(about);
  const answering = [];
  for (const _ of [1, 2, 3]) answering.push((await fetch(`${url}/auth/session`)).headers.get('x-demo-node'));
  expect(answering).toEqual(['1', '2', '1']);
  run.child.kill('SIGINT');
  expect(await run.ended).toBe(0);
  for (const pid of nodes) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  expect(await refused(redis)).toBe('ECONNREFUSED');
  expect([readdirSync(folder), run.complaint()]).toEqual([[], '']);
});

it('on Redis, killed with SIGKILL: no process and no file is left either', { timeout: 120_000 }, async () => {
  const run = demo(['--redis', '--nodes', '2']);
  const { nodes, redis } = parties((await address(run)).about);
  expect(await refused(redis), 'there is a Redis to outlive it').not.toBe('ECONNREFUSED');
  run.child.kill('SIGKILL');
  await expect.poll(() => refused(redis), { timeout: 10_000 }).toBe('ECONNREFUSED');
  for (const pid of nodes) await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(/ESRCH/), { timeout: 10_000 });
  await expect.poll(() => readdirSync(folder)).toEqual([]);
});

it('without a redis-server it says what to run', async () => {
  const run = demo(['--redis'], { PATH: folder, TABATON_REDIS_SERVER: '' });
  expect(await run.ended).toBe(1);
  expect(run.complaint()).toBe('No redis-server found. Run: npm run setup (or set TABATON_REDIS_SERVER to its path).\n');
});

it('a flag it does not know is answered with those there are', async () => {
  const run = demo(['--nodes', '2']);
  expect(await run.ended).toBe(2);
  expect(run.complaint()).toMatch(/^--nodes needs --redis: .* for example: npm run demo -- --redis --nodes 2\n$/);
});
