/**
 * npm run size: what an import costs an application, minified and gzipped with its dependencies, against its budget.
 * Chunks behind `import()` are not part of that cost; they are listed with their own. The README's figures must be these:
 * `--update` writes them there. `--json` prints the figures only.
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import esbuildPlugin from '@size-limit/esbuild';
import filePlugin from '@size-limit/file';
import sizeLimit from 'size-limit';
import { argumentsOf } from './arguments.mjs';
import { parse, walk } from './imports.mjs';
import { isMain } from './main.mjs';
import { root } from './steps.mjs';

/**
 * Bytes, min+gzip; of what is `served` as it is, gzip alone. A budget is raised by a commit that says why. `with` names lazy chunks that are counted all the same: the
 * second figure is what a signed-in visitor has loaded after the first refresh, so that moving code behind `import()` hides nothing.
 */
export const budgets = [
  { id: 'createSession', name: "import { createSession } from 'tabaton'", file: 'dist/index.js', import: '{ createSession }', limit: 7_000 },
  { id: 'refreshed', name: '  the same after its first refresh', file: 'dist/index.js', import: '{ createSession }', with: ['refreshing', 'fetch', 'leadership'], limit: 21_500 },
  // The goal is 9 000: docs/decisions/0050-size-of-the-worker.md says what stands between, and the bench prints it as missed.
  { id: 'sw', name: 'tabaton/sw.js', file: 'dist/sw.js', served: true, limit: 20_600 },
  { id: 'worker', name: "import { installWorker } from 'tabaton/worker'", file: 'dist/worker/index.js', import: '{ installWorker }', limit: 21_000 },
];

/** @returns {Promise<{ id?: string, name: string, size: number, limit?: number, lazy: boolean }[]>} */
export async function measure(checks = budgets, folder = root) {
  const missing = checks.find((check) => !existsSync(join(folder, check.file)));
  if (missing) throw new Error(`${missing.file} is missing: run npm run build first`);
  const chunks = lazyChunks(join(folder, 'dist'));
  const absent = checks.flatMap((check) => check.with ?? []).find((name) => !chunks.some((file) => chunkName(file) === name));
  if (absent) throw new Error(`there is no lazy chunk "${absent}" any more: correct \`with\` in scripts/size.mjs`);
  const lazy = chunks.map((file) => ({ name: `  later: ${file}`, file, lazy: true }));
  const all = [...checks, ...lazy];
  const sizes = await sizeLimit([esbuildPlugin, filePlugin], {
    cwd: folder,
    checks: all.map((check) => ({
      files: [join(folder, check.file)],
      ...(check.import ? { import: { [join(folder, check.file)]: check.import } } : {}),
      gzip: true,
      modifyEsbuildConfig: (config) => ({
        ...config,
        format: 'esm',
        target: 'es2022',
        platform: 'browser',
        external: check.external ?? [],
        plugins: [lazyStaysOutside(check.with)],
      }),
    })),
  });
  return all.map((check, index) => ({ id: check.id, name: check.name, size: check.served ? gzipSync(readFileSync(join(folder, check.file))).length : sizes[index].size, limit: check.limit, lazy: Boolean(check.lazy) }));
}

const chunkName = (path) => /([^/]+)\.js$/.exec(path)?.[1];

const lazyStaysOutside = (counted = []) => ({
  name: 'what is lazy stays outside',
  setup: (build) => build.onResolve({ filter: /./ }, ({ kind, path }) => (kind === 'dynamic-import' && !counted.includes(chunkName(path)) ? { path, external: true } : undefined)),
});

/** Chunks of dist that some `import()` names. */
function lazyChunks(dist) {
  const found = new Set();
  for (const file of readdirSync(dist, { recursive: true }).map(String).filter((name) => name.endsWith('.js') && !name.startsWith('server')))
    walk(parse(file, readFileSync(join(dist, file), 'utf8')), (node) => {
      const name = node.type === 'ImportExpression' && node.source.value;
      if (typeof name === 'string' && name.startsWith('.')) found.add(join('dist', file, '..', name));
    });
  return [...found].toSorted();
}

/** The README's figures, `<!-- size:id -->7.0 kB<!-- /size -->`, as they should be. */
export function withFigures(readme, rows) {
  return readme.replace(/<!-- size:(\w+) -->[^<]*<!-- \/size -->/g, (whole, id) => {
    const row = rows.find((candidate) => candidate.id === id);
    if (!row) throw new Error(`README.md has a figure "size:${id}" that no budget of scripts/size.mjs measures`);
    return `<!-- size:${id} -->${(row.size / 1000).toFixed(1)} kB<!-- /size -->`;
  });
}

export const exceeded = (rows) => rows.filter(({ size, limit }) => limit && size > limit);

async function main() {
  const { json, update } = argumentsOf('npm run size [-- --json] [--update]', { json: { type: 'boolean' }, update: { type: 'boolean' } });
  const rows = await measure();
  if (json) console.log(JSON.stringify(rows));
  else for (const { name, size, limit } of rows) console.log(`${String(size).padStart(7)} B ${limit ? `of ${limit}` : '       '} ${limit && size > limit ? 'TOO BIG ' : ''}${name}`);
  const file = join(root, 'README.md');
  const readme = readFileSync(file, 'utf8');
  const wanted = withFigures(readme, rows);
  if (update) writeFileSync(file, wanted);
  else if (wanted !== readme) throw new Error('the sizes in README.md are not the measured ones: npm run size -- --update');
  return exceeded(rows).length;
}

if (isMain(import.meta))
  process.exitCode = await main().catch((error) => {
    console.error(`size: ${error instanceof Error ? error.message : error}`);
    return 1;
  });
