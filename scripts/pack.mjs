/**
 * The packed artefact as a stranger gets it: `npm pack`, publint and attw on the tarball, then a consumer beside it that
 * type-checks every entry under `bundler` and `node16` resolution and imports every export in Node. The consumer sees only the
 * dependencies that package.json declares, so a missing one shows here and not in somebody's production.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { argumentsOf } from './arguments.mjs';
import { entries } from './entries.mjs';
import { isMain } from './main.mjs';
import { root } from './steps.mjs';

/** `exports` of package.json against scripts/entries.mjs. */
export function exportViolations(manifest, list = entries) {
  const wanted = Object.fromEntries(
    list
      .filter((entry) => entry.export)
      .map((entry) => {
        const code = `./dist/${entry.name}.js`;
        return [entry.export, entry.kind === 'module' ? { types: `./dist/types/${entry.source.replace(/^src\/(.*)\.ts$/, '$1.d.ts')}`, default: code } : code];
      }),
  );
  wanted['./package.json'] = './package.json';
  const found = [];
  for (const name of new Set([...Object.keys(wanted), ...Object.keys(manifest.exports ?? {})]))
    if (JSON.stringify(wanted[name]) !== JSON.stringify(manifest.exports?.[name]))
      found.push(`exports["${name}"] is ${JSON.stringify(manifest.exports?.[name])}, scripts/entries.mjs says ${JSON.stringify(wanted[name])}`);
  for (const entry of list.filter(({ kind }) => kind === 'bin'))
    if (!Object.values(manifest.bin ?? {}).includes(`./dist/${entry.name}.js`)) found.push(`bin of package.json does not name ./dist/${entry.name}.js`);
  return found;
}

/** What may be in the tarball. */
export function contentViolations(files) {
  const found = files.filter((file) => !/^(dist\/|docs\/.*\.md$|ops\/[^/]+\.(json|yml)$|README\.md$|LICENSE$|package\.json$)/.test(file) || /\.(test|contract)\./.test(file)).map((file) => `the tarball holds ${file}`);
  for (const needed of ['README.md', 'LICENSE', 'package.json']) if (!files.includes(needed)) found.push(`the tarball lacks ${needed}`);
  return found;
}

/** Links of the readme and of the guides it leads to: who has installed the package reads them beside it. */
export function linkViolations(files, read) {
  const links = files.filter((file) => /^(README|docs\/[^/]+)\.md$/.test(file)).flatMap((file) =>
    [...read(file).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)].map(([, link]) => ({ file, link, to: posix.join(posix.dirname(file), link) })),
  );
  return links.filter(({ to }) => !files.some((file) => file === to || file.startsWith(to))).map(({ file, link }) => `${file} links to ${link}, which the tarball lacks`);
}

/** Imports of a chunk for its side effects: there are none, and an application's bundler warns about each such line. */
export function bareImports(files) {
  return files.filter(({ code }) => /^import\s*["']/m.test(code)).map(({ path }) => `${path} imports a module for side effects it does not have`);
}

/** @returns {string[]} violations */
export function check() {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  if (!existsSync(join(root, 'dist'))) return ['dist is missing: run npm run build first'];
  const work = mkdtempSync(join(tmpdir(), 'tabaton-pack-'));
  try {
    const [packed] = JSON.parse(execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', work], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
    const tarball = join(work, packed.filename);
    const untyped = entries.filter((entry) => entry.export && entry.kind !== 'module').flatMap((entry) => ['--exclude-entrypoints', entry.export]);
    install(work, tarball, manifest);
    return [
      ...exportViolations(manifest),
      ...bareImports(packed.files.filter(({ path }) => path.endsWith('.js')).map(({ path }) => ({ path, code: readFileSync(join(root, path), 'utf8') }))),
      ...contentViolations(packed.files.map(({ path }) => path)),
      ...linkViolations(packed.files.map(({ path }) => path), (path) => readFileSync(join(root, path), 'utf8')),
      ...tool('publint', ['publint', '--strict', root], root),
      ...tool('attw', ['attw', tarball, '--profile', 'esm-only', '--no-emoji', ...untyped], root),
      ...typecheck(work),
      ...runtime(work),
    ];
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function install(work, tarball, manifest) {
  const home = join(work, 'node_modules', manifest.name);
  mkdirSync(home, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', home, '--strip-components=1']);
  // Who imports an integration has what it integrates with.
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) link(work, name);
  // A server application has Node's types; those of a page come with TypeScript itself.
  link(work, '@types/node');
}

function link(work, name) {
  const to = join(work, 'node_modules', name);
  mkdirSync(dirname(to), { recursive: true });
  symlinkSync(join(root, 'node_modules', name), to);
}

/** The consumer's code: every entry, every value it exports, no cast and no `any`. */
function typecheck(work) {
  const typed = entries.filter((entry) => entry.kind === 'module');
  const code = typed.map((entry, index) => `import * as entry${index} from '${specifier(entry)}';\nexport const names${index}: string[] = Object.keys(entry${index});`).join('\n');
  writeFileSync(join(work, 'package.json'), JSON.stringify({ type: 'module', private: true }));
  writeFileSync(join(work, 'consumer.ts'), code);
  const server = typed.filter((entry) => entry.export.startsWith('./server'));
  writeFileSync(join(work, 'consumer.server.ts'), server.map((entry, index) => `export * as entry${index} from '${specifier(entry)}';`).join('\n'));
  const cases = [
    { file: 'consumer.ts', module: 'esnext', moduleResolution: 'bundler', lib: ['ES2022', 'DOM'] },
    { file: 'consumer.ts', module: 'node16', moduleResolution: 'node16', lib: ['ES2022', 'DOM'] },
    { file: 'consumer.server.ts', module: 'node16', moduleResolution: 'node16', lib: ['ES2022'] },
  ];
  return cases.flatMap(({ file, ...compilerOptions }) => {
    writeFileSync(
      join(work, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...compilerOptions, target: 'es2022', strict: true, noEmit: true, skipLibCheck: false, types: ['node'] }, files: [file] }),
    );
    const run = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(work, 'tsconfig.json')], { cwd: work, encoding: 'utf8' });
    // Other packages' declarations are theirs to keep; ours must hold under the consumer's strictest reading.
    const ours = run.stdout.split('\n').filter((line) => /error TS/.test(line) && !/node_modules\/(?!tabaton\/)/.test(line) && !line.startsWith('../'));
    return ours.map((line) => `consumer, ${compilerOptions.moduleResolution}: ${line}`);
  });
}

/** In a bare Node process: imports without a page, exports what it says, and `require` gets the same. */
function runtime(work) {
  const list = entries.filter((entry) => entry.kind === 'module').map(specifier);
  writeFileSync(
    join(work, 'runtime.mjs'),
    `import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const before = Object.getOwnPropertyNames(globalThis).join();
for (const name of ${JSON.stringify(list)}) {
  const module = await import(name);
  const names = Object.keys(module);
  if (!names.length) console.error(name + ': exports nothing');
  for (const key of names) if (module[key] === undefined) console.error(name + ': ' + key + ' is undefined');
  if (Object.keys(require(name)).filter((key) => key !== '__esModule').join() !== names.join()) console.error(name + ': require() gives other names');
}
const { createSession } = await import('tabaton');
const { status } = createSession().getSnapshot();
if (status !== 'starting') console.error('createSession() on a server is ' + status + ', not starting');
if (Object.getOwnPropertyNames(globalThis).join() !== before) console.error('the package adds globals');
process.exitCode = 0;
setTimeout(() => { console.error('the package keeps the process alive'); process.exit(1); }, 5000).unref();
`,
  );
  const run = spawnSync(process.execPath, ['--no-warnings', 'runtime.mjs'], { cwd: work, encoding: 'utf8', timeout: 20_000 });
  const found = run.stderr.split('\n').filter(Boolean);
  if (run.status !== 0 && !found.length) found.push(`the process ended with ${run.status ?? run.signal}`);
  return found.map((line) => `consumer, runtime: ${line}`);
}

function tool(name, command, cwd) {
  const run = spawnSync('npx', command, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  return run.status === 0 ? [] : [`${name}:\n${run.stdout}${run.stderr}`];
}

const specifier = (entry) => `tabaton${entry.export.slice(1)}`;

if (isMain(import.meta)) {
  argumentsOf('node scripts/pack.mjs');
  const found = check();
  for (const violation of found) console.error(violation);
  console.log(`package: ${found.length} violations`);
  process.exit(found.length ? 1 : 0);
}
