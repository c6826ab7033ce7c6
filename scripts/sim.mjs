/**
 * npm run sim -- [--runs N] [--seed S] [--workers W]   random schedules; the seed is printed
 * npm run sim -- --replay '<schedule>' [--trace]
 *
 * Bundles the simulation once and plays it in as many processes as there are cores. Every schedule checks S1 to S6 after
 * every step (src/simulation); the run fails on the first violation, printed as a short schedule that can be replayed, and
 * when a fault fired in less than one schedule of a hundred: a fault that never happens is survived by anything.
 */
import { fork } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';
import { argumentsOf } from './arguments.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const SHARE = 0.01;
/** Between the seeds of the processes of one run: with the next seed they would play one another's schedules again. */
const APART = 1_000_003;

const text = { type: 'string' };
const flag = { type: 'boolean' };
/** `work` and `bundle` are what a worker of this script is started with. */
const given = argumentsOf("npm run sim -- [--runs N] [--seed S] [--workers W], or: npm run sim -- --replay '<schedule>' [--trace]", { runs: text, seed: text, workers: text, replay: text, trace: flag, work: flag, bundle: text });

/** Everything in one file: then no import takes real time in the middle of virtual time. */
async function bundle(folder) {
  mkdirSync(folder, { recursive: true });
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    build: {
      ssr: join(root, 'src/simulation/index.ts'),
      outDir: folder,
      emptyOutDir: false,
      target: 'node20',
      minify: false,
      rolldownOptions: { output: { entryFileNames: 'simulation.mjs', codeSplitting: false } },
    },
  });
  return join(folder, 'simulation.mjs');
}

async function work() {
  const { explore } = await import(pathToFileURL(given.bundle).href);
  const fail = (error) => {
    process.send({ crash: String(error?.stack ?? error) }, () => process.exit(1));
  };
  // A rejection that nobody handles is a defect of the session, whatever the invariants say.
  process.on('unhandledRejection', fail);
  try {
    const result = await explore({ runs: Number(given.runs), seed: Number(given.seed) });
    process.send({ ...result, fired: [...result.fired] }, () => process.exit(0));
  } catch (error) {
    fail(error);
  }
}

function worker(file, runs, seed) {
  return new Promise((done) => {
    const child = fork(fileURLToPath(import.meta.url), ['--work', '--bundle', file, '--runs', String(runs), '--seed', String(seed)]);
    let result = { crash: 'The process ended without a word.' };
    child.on('message', (message) => (result = message));
    child.on('exit', () => done({ ...result, seed }));
  });
}

async function main() {
  const started = performance.now();
  const folder = join(root, '.tmp', `sim-${process.pid}`);
  try {
    const file = await bundle(folder);
    return given.replay === undefined ? await search(file, started) : await show(file, given.replay);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function show(file, schedule) {
  const { play, read } = await import(pathToFileURL(file).href);
  const { broken, steps, requests, fired } = await play(read(schedule), undefined, given.trace ? console.log : undefined);
  console.log(broken ? `${broken.invariant} at ${(broken.at / 1000).toFixed(3)} s: ${broken.message}` : `held; ${steps} steps, ${requests} requests, fired: ${[...fired.keys()].join(', ')}`);
  return !broken;
}

async function search(file, started) {
  const runs = Number(given.runs ?? 10_000);
  const seed = Number(given.seed ?? Date.now() % 1_000_000);
  const most = Number(given.workers ?? availableParallelism());
  if (!(runs > 0) || !Number.isSafeInteger(seed) || !(most >= 1)) throw new Error('--runs wants a number above 0, --seed a whole number, --workers at least 1.');
  const workers = Math.min(most, Math.ceil(runs / 50));
  const results = await Promise.all(Array.from({ length: workers }, (_, index) => worker(file, Math.ceil(runs / workers), seed + index * APART)));

  const total = { runs: 0, steps: 0, requests: 0, fired: new Map() };
  let ok = true;
  for (const result of results) {
    if (result.crash) {
      ok = false;
      console.log(`seed ${result.seed}: ${result.crash}`);
      continue;
    }
    total.runs += result.runs;
    total.steps += result.steps;
    total.requests += result.requests;
    for (const [verb, count] of result.fired) total.fired.set(verb, (total.fired.get(verb) ?? 0) + count);
    if (!result.failure) continue;
    ok = false;
    const { schedule, broken, original } = result.failure;
    console.log(`\n${broken.invariant} is broken: ${broken.message}\n\n  ${schedule.replaceAll(' | ', '\n    | ')}\n`);
    console.log(`replay: npm run sim -- --trace --replay '${schedule}'\nfound as: ${original}`);
  }
  const { FAULTS } = await import(pathToFileURL(file).href);
  const share = (verb) => (total.fired.get(verb) ?? 0) / Math.max(1, total.runs);
  for (const [verb, count] of [...total.fired].toSorted(([, a], [, b]) => b - a)) console.log(`  ${verb.padEnd(14)} in ${String(count).padStart(6)} schedules (${(share(verb) * 100).toFixed(1)} %)`);
  const rare = FAULTS.filter((verb) => share(verb) < SHARE);
  if (ok && rare.length) {
    ok = false;
    console.log(`These faults fired in less than ${SHARE * 100} % of the schedules: ${rare.join(', ')}`);
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`simulation: ${total.runs} schedules, ${total.steps} steps, ${total.requests} requests, seed ${seed}, ${seconds} s: ${ok ? 'S1 to S6 held' : 'FAILED'}`);
  return ok;
}

if (given.work) await work();
else process.exit((await main()) ? 0 : 1);
