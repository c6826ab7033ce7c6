/**
 * Builds the demo (page and server) into demo/dist when a source is newer than the last build.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const here = fileURLToPath(new URL('.', import.meta.url));
const sources = ['page', 'server', 'contract.ts', 'vite.config.ts', '../src', '../package-lock.json'].map((p) => join(here, p));
const stamp = join(here, 'dist', '.built');
const lock = join(here, 'dist', '.building');

/** Newest modification below a path, tests left out: they are in no build. */
function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return /\.test\.\w+$/.test(path) ? 0 : stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

function isStale() {
  return !existsSync(stamp) || Math.max(...sources.map(newest)) > statSync(stamp).mtimeMs;
}

/**
 * Only one process builds at a time (two test workers start together): the others wait, and find nothing stale.
 * A lock older than a minute belonged to a build that was killed.
 */
async function alone(build) {
  mkdirSync(join(here, 'dist'), { recursive: true });
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
      if (age > 60_000) rmSync(lock, { recursive: true, force: true });
      await sleep(100);
    }
  }
  try {
    await build();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

export async function buildDemo() {
  if (!isStale()) return;
  await alone(async () => {
    if (!isStale()) return;
    const configFile = join(here, 'vite.config.ts');
    // A source saved while the build runs is newer than its beginning, and makes the next one necessary.
    const began = new Date();
    await build({ configFile, logLevel: 'warn' });
    await build({ configFile, mode: 'worker', logLevel: 'warn' });
    await build({ configFile, mode: 'server', logLevel: 'warn' });
    writeFileSync(stamp, '');
    utimesSync(stamp, began, began);
  });
}
