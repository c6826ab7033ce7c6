/**
 * npm run build [-- --only index,server/index] [--quiet]
 *
 * Modules first (one vite pass, shared chunks with stable names), then each classic script in a pass of its own, then the
 * declarations by plain tsc. Everything is written beside `dist` and swapped in at the end, so that somebody who reads
 * `dist` while a build runs sees the old package or the new one, never half of each.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as viteBuild } from 'vite';
import { argumentsOf } from './arguments.mjs';
import { pruneDeclarations } from './declarations.mjs';
import { entries as allEntries } from './entries.mjs';

const root = resolve(fileURLToPath(new URL('..', import.meta.url)));

const given = argumentsOf('npm run build [-- --only index,server/index] [--quiet]', { only: { type: 'string' }, quiet: { type: 'boolean' } });
const only = given.only?.split(',');
const { quiet } = given;
const entries = only ? allEntries.filter((entry) => only.includes(entry.name)) : allEntries;

const unknown = (only ?? []).filter((name) => !allEntries.some((entry) => entry.name === name));
if (unknown.length) fail(`no such entry: ${unknown.join(', ')}. scripts/entries.mjs lists: ${allEntries.map((e) => e.name).join(', ')}.`);
const absent = entries.filter((entry) => !existsSync(join(root, entry.source)));
if (absent.length)
  fail(
    `these entries of scripts/entries.mjs have no source file: ${absent.map((e) => e.source).join(', ')}. ` +
      'Write them, or build some entries only: npm run build -- --only index',
  );

const started = Date.now();
const out = join(root, '.tmp', `build-${process.pid}`);
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const { version, dependencies = {}, peerDependencies = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const external = [...Object.keys(dependencies), ...Object.keys(peerDependencies)];
let failure;
try {
  const modules = entries.filter((entry) => entry.kind !== 'classic');
  if (modules.length) await viteBuild(modulePass(modules));
  for (const entry of entries.filter((candidate) => candidate.kind === 'classic')) {
    await viteBuild(classicPass(entry));
    sign(join(out, `${entry.name}.js`));
  }
  for (const entry of entries.filter((candidate) => candidate.kind === 'bin')) chmodSync(join(out, `${entry.name}.js`), 0o755);
  declarations();
  swap();
} catch (error) {
  failure = error instanceof Error ? error.message : String(error);
} finally {
  rmSync(out, { recursive: true, force: true });
}
if (failure) fail(failure);
if (!quiet) console.log(`built ${entries.map((entry) => entry.name).join(', ')} in ${Date.now() - started} ms`);

function shared() {
  return {
    root,
    configFile: false,
    logLevel: quiet ? 'error' : 'warn',
    publicDir: false,
  };
}

function modulePass(modules) {
  return {
    ...shared(),
    plugins: [withoutBareImports()],
    build: {
      outDir: out,
      emptyOutDir: false,
      target: 'es2022',
      minify: false,
      sourcemap: true,
      modulePreload: false,
      lib: {
        entry: Object.fromEntries(modules.map((entry) => [entry.name, join(root, entry.source)])),
        formats: ['es'],
      },
      rolldownOptions: {
        external: isExternal,
        output: { entryFileNames: '[name].js', chunkFileNames: 'chunks/[name].js' },
      },
    },
  };
}

/**
 * The bundler lets chunks import each other for their side effects. There are none (`sideEffects` of package.json says so, the
 * house check forbids state in modules), and an application's bundler would warn about each. Lines stay, for the source maps.
 */
function withoutBareImports() {
  return {
    name: 'without bare imports',
    generateBundle: (_options, bundle) => {
      for (const chunk of Object.values(bundle)) if (chunk.type === 'chunk') chunk.code = chunk.code.replace(/^import "\.{1,2}\/[^"]+";$/gm, '');
    },
  };
}

function classicPass(entry) {
  return {
    ...shared(),
    build: {
      outDir: out,
      emptyOutDir: false,
      target: 'es2022',
      minify: true,
      sourcemap: false,
      lib: { entry: join(root, entry.source), formats: ['iife'], name: 'tabaton', fileName: () => `${entry.name}.js` },
    },
  };
}

/** How src/vite/script.ts knows a copy: whose it is, of which version, and whether somebody has changed it since. */
function sign(file) {
  const code = readFileSync(file, 'utf8');
  const digest = createHash('sha256').update(code).digest('hex').slice(0, 16);
  writeFileSync(file, `/*! tabaton ${version} service worker ${digest}: a copy, do not edit. npx tabaton init */\n${code}`);
}

/** Dependencies stay imports: an application that uses idb-keyval or jose itself then ships one copy, not two. */
function isExternal(id) {
  return isBuiltin(id) || external.some((name) => id === name || id.startsWith(`${name}/`));
}

/** Emits without judging: whether the types hold is `npm run typecheck`'s question, asked by lint and CI. */
function declarations() {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const run = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--noCheck', '--outDir', join(out, 'types')], {
    cwd: root,
    encoding: 'utf8',
  });
  if (run.status !== 0) throw new Error(`tsc could not write the declarations:\n${run.stdout}${run.stderr}`);
  const typed = entries.filter((entry) => entry.kind === 'module').map((entry) => entry.source.replace(/^src\/(.*)\.ts$/, '$1.d.ts'));
  pruneDeclarations(join(out, 'types'), typed);
}

function swap() {
  const old = join(root, '.tmp', `old-${process.pid}`);
  const dist = join(root, 'dist');
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(out, dist);
  rmSync(old, { recursive: true, force: true });
}

function fail(message) {
  console.error(`build: ${message}`);
  process.exit(1);
}
