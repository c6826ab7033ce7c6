/**
 * npm run bench -- server [seconds]: the endpoint beside oidc-provider, in one run, on the same store with the same durability and
 * signature; then memory per event stream, and bytes per family in Redis. Ratios count; absolute figures are this machine's.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from '../../src/server/testing/redis-server.js';
import { cpu } from './cpu.js';
import { load, type Loaded } from './load.js';
import { peerRequest, refreshOf, takeOurs, takePeer } from './requests.js';
import { measured, start } from './started.js';

const FAMILIES = 9_000;
const CONNECTIONS = 32;
const STREAMS = 5_000;
const STORED = 100_000;

const PARTS = ['sqlite', 'redis', 'streams', 'stored', 'cpu'] as const;
export type Part = (typeof PARTS)[number];

export async function bench(file: string, seconds: number, only: readonly string[], say: (line: string) => void): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'tabaton-bench-'));
  const redis = await startRedis(['--appendonly', 'no']);
  const times = { warmUpMs: Math.min(5_000, seconds * 250), ms: seconds * 1_000, connections: CONNECTIONS };
  let below = 0;
  const wanted = (part: Part) => (only.length === 0 ? part !== 'cpu' : only.includes(part));
  const row = (name: string, { perSecond, p50, p99, outcomes, cpu }: Loaded & { cpu: number }) => {
    const said = Object.entries(outcomes).map(([outcome, count]) => `${outcome} ${count}`).join(', ');
    say(`  ${name.padEnd(34)} ${perSecond.toFixed(0).padStart(7)} /s   p50 ${p50.toFixed(2)} ms   p99 ${p99.toFixed(2)} ms   CPU ${cpu.toFixed(0)} µs   ${said}`);
  };
  const ratio = (what: string, value: number, wanted: number) => {
    if (value < wanted) below += 1;
    say(`  ${what}: ${value.toFixed(2)} × (wanted ${wanted} ×)${value < wanted ? '   BELOW' : ''}`);
  };
  if (only.join() !== 'cpu') say(`${seconds} s each after ${times.warmUpMs / 1_000} s of warm-up, ${CONNECTIONS} keep-alive connections, server process on one core, ${FAMILIES} sessions, Ed25519 access tokens on both sides`);
  try {
    for (const kind of ['sqlite', 'redis'] as const) {
      if (!wanted(kind)) continue;
      const store = (who: string) => (kind === 'sqlite' ? { file: join(folder, `${who}.db`) } : { port: redis.port });
      say(kind === 'sqlite' ? '\nSQLite, WAL, synchronous=FULL' : '\nRedis, no append-only file (both sides)');
      const peer = await start(file, { who: 'peer', store: store('peer'), families: FAMILIES });
      const theirs = await measured(peer, (port) => load({ ...times, port, families: peer.families, request: peerRequest, taken: takePeer }));
      await peer.stop();
      row('oidc-provider /token, rotating', theirs);
      const ours = await start(file, { who: 'ours', store: store('ours'), families: FAMILIES });
      const rotated = await measured(ours, (port) => load({ ...times, port, families: ours.families, request: refreshOf('expiring'), taken: takeOurs }));
      row('tabaton /auth/refresh, rotated', rotated);
      const cached = await measured(ours, (port) => load({ ...times, port, families: ours.families, request: refreshOf('startup'), taken: takeOurs }));
      await ours.stop();
      row('tabaton /auth/refresh, cached', cached);
      const least = await start(file, { who: 'bare', store: store('bare'), families: FAMILIES });
      const bare = await measured(least, (port) => load({ ...times, port, families: least.families, request: refreshOf('expiring'), taken: takeOurs }));
      await least.stop();
      row('bare node:http, one write, one token', bare);
      say(`  the ceiling: bare ${(bare.perSecond / theirs.perSecond).toFixed(2)} × the peer; rotated ${(rotated.perSecond / bare.perSecond).toFixed(2)} × bare`);
      say(`  by CPU time of the process: rotated ${(theirs.cpu / rotated.cpu).toFixed(2)} × the peer, cached ${(rotated.cpu / cached.cpu).toFixed(2)} × rotated`);
      ratio('rotated beside the peer', rotated.perSecond / theirs.perSecond, 5);
      ratio('cached beside rotated', cached.perSecond / rotated.perSecond, 2);
      await redis.command('FLUSHALL');
    }
    if (wanted('cpu')) await cpu(file, folder, redis.port, say);
    if (wanted('streams')) await streams(file, folder, say);
    if (wanted('stored')) below += await stored(file, redis, say);
  } finally {
    await redis.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return below;
}

/** Open event streams, and what each costs the process that holds them. */
async function streams(file: string, folder: string, say: (line: string) => void): Promise<void> {
  const server = await start(file, { who: 'ours', store: { file: join(folder, 'streams.db') }, families: STREAMS });
  const before = await server.ask('memory');
  const sockets = await Promise.all(
    server.families.map(async ({ credential }) => {
      const socket = connect(server.port, '127.0.0.1');
      socket.write(`GET /auth/events HTTP/1.1\r\nHost: localhost:3000\r\nSec-Fetch-Site: same-origin\r\nAccept: text/event-stream\r\nCookie: ${credential}\r\n\r\n`);
      await new Promise<void>((resolve, reject) => {
        let heard = '';
        socket.on('data', (chunk) => {
          heard += chunk.toString('latin1');
          if (heard.includes('event: hello')) resolve();
        });
        socket.on('error', reject);
        socket.on('close', () => reject(new Error(`A stream was closed: ${heard.slice(0, 120)}`)));
      });
      return socket;
    }),
  );
  const after = await server.ask('memory');
  say(`\n${sockets.length} open event streams in one process: ${((after.rss - before.rss) / sockets.length / 1_024).toFixed(1)} kB of RSS each (${((after.heap - before.heap) / sockets.length / 1_024).toFixed(1)} kB of heap)`);
  for (const socket of sockets) socket.removeAllListeners('close').destroy();
  await server.stop();
}

/** The counters of login attempts live a minute and are no part of a family: waits until Redis has dropped them all. */
async function forgotten(redis: Awaited<ReturnType<typeof startRedis>>): Promise<void> {
  const size = async () => Number(await redis.command('DBSIZE'));
  let last = await size();
  for (let calm = 0; calm < 15; calm += 1) {
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    const now = await size();
    if (now < last) calm = 0;
    last = now;
  }
}

async function stored(file: string, redis: Awaited<ReturnType<typeof startRedis>>, say: (line: string) => void): Promise<number> {
  const used = async () => Number(/used_memory:(\d+)/.exec((await redis.command('INFO', 'memory')) as string)![1]);
  const before = await used();
  const server = await start(file, { who: 'ours', store: { port: redis.port }, families: STORED });
  await forgotten(redis);
  const each = ((await used()) - before) / STORED;
  await server.stop();
  say(`\n${STORED} families in Redis: ${each.toFixed(0)} bytes each with their indexes (wanted 600 at most)${each > 600 ? '   ABOVE' : ''}`);
  return each > 600 ? 1 : 0;
}
