/**
 * npm run bench -- server 1 cpu: CPU microseconds per answer of each server process, which a busy machine inflates but does
 * not turn round. All servers of a store are up at once and are asked in turns, so that each round is as busy for one as
 * for the other; what counts is the median of the rounds.
 */
import { join } from 'node:path';
import { load, type Run } from './load.js';
import { peerRequest, refreshOf, takeOurs, takePeer } from './requests.js';
import { measured, start, type Started } from './started.js';
import type { ServeSettings } from './words.js';

/** Enough that none comes round again within a second, where its rotation would be coalesced. */
const FAMILIES = 4_000;
/** Until the compiler has settled. */
const WARM = 5_000;
const ROUNDS = 5;
const EACH = 1_500;

interface Asked {
  name: string;
  server: Started;
  how: Pick<Run, 'request' | 'taken'>;
  costs: number[];
}

export async function cpu(file: string, folder: string, port: number, say: (line: string) => void): Promise<void> {
  const stores: [string, ServeSettings['store'] | undefined, ServeSettings['store']][] = [
    ['memory', undefined, 'memory'],
    ['SQLite', { file: join(folder, 'cpu-peer.db') }, { file: join(folder, 'cpu-ours.db') }],
    ['Redis', { port }, { port }],
  ];
  say(`\nCPU µs of the server process per answer: the median of ${ROUNDS} rounds of ${EACH}, in turns, after ${WARM} to warm up`);
  for (const [name, theirs, mine] of stores) {
    const ours = await start(file, { who: 'ours', store: mine, families: FAMILIES });
    const asked: Asked[] = [
      { name: 'rotated', server: ours, how: { request: refreshOf('expiring'), taken: takeOurs }, costs: [] },
      { name: 'cached', server: ours, how: { request: refreshOf('startup'), taken: takeOurs }, costs: [] },
    ];
    if (theirs) {
      const peer = await start(file, { who: 'peer', store: theirs, families: FAMILIES });
      asked.push({ name: 'peer', server: peer, how: { request: peerRequest, taken: takePeer }, costs: [] });
    }
    for (const one of asked) await round(one, WARM);
    for (let n = 0; n < ROUNDS; n += 1) for (const one of asked) one.costs.push(await round(one, EACH));
    for (const server of new Set(asked.map((one) => one.server))) await server.stop();
    const [rotated, cached, peer] = asked.map(({ costs }) => median(costs)) as [number, number, number?];
    const beside = peer === undefined ? '' : `   oidc-provider ${peer.toFixed(0)}: ${(peer / rotated).toFixed(2)} × rotated`;
    say(`  ${name.padEnd(8)} rotated ${rotated.toFixed(0)}   cached ${cached.toFixed(0)} (${(rotated / cached).toFixed(2)} ×)${beside}`);
  }
}

let serials = 0;

async function round({ name, server, how }: Asked, most: number): Promise<number> {
  // Attempt ids win once: no two rounds may use the same.
  const from = (serials += WARM);
  const request: Run['request'] = (family, serial) => how.request(family, from + serial);
  const run = (port: number) => load({ port, families: server.families, connections: 32, warmUpMs: 0, ms: 600_000, most, ...how, request });
  const { cpu, outcomes } = await measured(server, run);
  const others = Object.keys(outcomes).filter((outcome) => outcome !== (name === 'cached' ? 'cached' : 'rotated'));
  if (others.length > 0) throw new Error(`A round of "${name}" was answered otherwise: ${others.join(', ')}.`);
  return cpu;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
