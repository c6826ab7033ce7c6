/**
 * The rules of the house (docs/architecture.md), checked: arrows point inwards only, the core touches no platform, the
 * clock is a port, no module-level mutable state, no nameless drawers, no long files.
 * Fails when it reads no module, or none in a room that must have some: a check that sees nothing must not pass.
 */
import { posix } from 'node:path';
import { argumentsOf } from './arguments.mjs';
import { isMain } from './main.mjs';
import { importsOf, lineOf, parse, walk } from './imports.mjs';
import { isTest, sources } from './sources.mjs';
import { root } from './steps.mjs';

const MAX_LINES = 350;
const DRAWERS = /(^|\/)(utils?|helpers?|common|manager|misc)(\.|\/|-)/;
/** `createTokenManager` is a public name, and its room is called by it. */
const NAMED_BY_THE_API = /^src\/server\/manager\//;
const SESSION = 'index.ts';
/** The words of the public surface: what a session looks like and how it fails. */
const SURFACE = ['src/core/types.ts', 'src/core/errors.ts'];

/**
 * What each room of src may import: sibling rooms, the public session (`index.ts`), single files, and packages. Type imports
 * count too.
 * `node` marks the files of a room that may use Node itself: the rest must run in any worker runtime.
 * `clock` names the one file that binds the clock port to the platform. `platform: false`: no global of any platform.
 */
export const rooms = {
  contract: { siblings: [], packages: [] },
  core: { siblings: ['contract'], packages: [], platform: false },
  browser: { siblings: ['core', 'contract'], packages: ['idb-keyval', 'broadcast-channel'] },
  worker: { siblings: ['core', 'browser', 'contract', SESSION], files: ['src/clients/fetch.ts'], packages: [], optional: true },
  clients: { siblings: [SESSION], files: SURFACE, packages: ['ky', 'axios', 'react'], optional: true },
  inspector: { siblings: [SESSION], files: SURFACE, packages: [], optional: true },
  server: {
    siblings: ['contract'],
    packages: ['jose', 'oauth4webapi', 'ioredis', 'redis', 'libsql', '@libsql/client'],
    node: /^src\/server\/(node|sqlite|redis|stores\/|keys\/node-crypto)/,
    clock: /^src\/server\/clock\.ts$/,
  },
  // Virtual contexts speak to a real endpoint in the real words; whoever writes a store gets the contract of ours.
  testing: { siblings: ['core', 'contract'], files: ['src/browser/wire-request.ts', 'src/clients/fetch.ts', 'src/server/stores/contract.ts'], packages: ['fast-check'] },
  // Outermost and not shipped: whole sessions on virtual tabs against the endpoint's own decisions.
  simulation: { siblings: ['core', 'contract', 'testing', 'server'], packages: ['fast-check'], node: /./, shipped: false, optional: true },
  vite: { siblings: ['worker'], packages: ['vite'], node: /./, optional: true },
  cli: { siblings: ['contract', 'vite'], packages: [], node: /./, optional: true },
  [SESSION]: { siblings: ['core', 'browser', 'contract', 'clients'], packages: [] },
};

const PLATFORM = new Set(
  ('Date setTimeout setInterval setImmediate clearTimeout clearInterval queueMicrotask document window self globalThis global navigator performance ' +
    'process Buffer console fetch crypto localStorage sessionStorage indexedDB caches location history BroadcastChannel MessageChannel Worker WebSocket EventSource AbortController').split(' '),
);
const CLOCK = new Set(['setTimeout', 'setInterval', 'setImmediate']);

/** @param {{ path: string, code: string }[]} files all of src @returns {string[]} violations */
export function violations(files) {
  const modules = files.filter(({ path }) => !isTest(path));
  if (!modules.length) return ['no module was read: the check saw nothing'];
  const found = [];
  for (const [name, room] of Object.entries(rooms))
    if (!room.optional && !modules.some(({ path }) => roomOf(path) === name)) found.push(`src/${name}: no module was read there`);
  for (const file of files) {
    const lines = file.code.split('\n').length - 1;
    if (lines > MAX_LINES) found.push(`${file.path}: ${lines} lines, more than ${MAX_LINES}: find the wall this room wants`);
    if (DRAWERS.test(file.path) && !NAMED_BY_THE_API.test(file.path)) found.push(`${file.path}: a name that says nothing; one noun per file`);
  }
  for (const file of modules) found.push(...ofModule(file));
  return found;
}

function ofModule({ path, code }) {
  const name = roomOf(path);
  const room = rooms[name];
  if (!room) return [`${path}: src/${name} is not a room of the house; name it and its imports in scripts/house.mjs`];
  const program = parse(path, code);
  return [
    ...importsOf(path, code).flatMap((found) => directions(path, name, room, found)),
    ...(room.platform === false ? globals(path, code, program, PLATFORM) : []),
    ...(room.clock && !room.clock.test(path) && !room.node?.test(path) ? inlineClock(path, code, program) : []),
    ...(room.shipped === false ? [] : moduleState(path, code, program)),
  ];
}

function directions(path, name, room, { specifier, line }) {
  const at = `${path}:${line}`;
  if (specifier === '<computed>') return [`${at}: a computed import cannot be checked`];
  if (specifier.startsWith('node:')) return room.node?.test(path) ? [] : [`${at}: ${specifier} in a file that must run without Node`];
  if (!specifier.startsWith('.')) {
    const allowed = room.packages.some((known) => specifier === known || specifier.startsWith(`${known}/`));
    return allowed ? [] : [`${at}: src/${name} imports the package ${specifier}`];
  }
  if (!/\.(js|json|css)(\?\w+)?$/.test(specifier)) return [`${at}: ${specifier} needs its .js ending`];
  const target = posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts');
  const to = roomOf(target);
  return to === name || room.siblings.includes(to) || room.files?.includes(target) ? [] : [`${at}: src/${name} imports src/${to} (${specifier}): arrows point inwards only`];
}

/** Uses of a name as a variable or a type, not as a property: `clock.setTimeout` is a port, `setTimeout` is the platform. */
function globals(path, code, program, names) {
  const found = [];
  walk(program, (node, [parent]) => {
    if (node.type === 'Identifier' && names.has(node.name) && !isKey(node, parent))
      found.push(`${path}:${lineOf(code, node.start)}: ${node.name} belongs to the platform: use a port`);
    if (isMember(node, 'Math', 'random')) found.push(`${path}:${lineOf(code, node.start)}: Math.random: use the Random port`);
  });
  // A shorthand `{ fetch }` is two nodes and one use.
  return [...new Set(found)];
}

function inlineClock(path, code, program) {
  const found = globals(path, code, program, CLOCK);
  walk(program, (node) => {
    const bareDate = node.type === 'NewExpression' && node.callee.name === 'Date' && node.arguments.length === 0;
    if (bareDate || isMember(node, 'Date', 'now') || isMember(node, 'performance', 'now'))
      found.push(`${path}:${lineOf(code, node.start)}: the clock is a port here too`);
  });
  return found;
}

/** Two copies of the package on one page must not become two truths, so nothing lives in a module. */
function moduleState(path, code, program) {
  return program.body.flatMap((statement) => {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    if (declaration?.type !== 'VariableDeclaration' || declaration.declare) return [];
    const state = declaration.declarations.some(
      ({ init }) => declaration.kind !== 'const' || (init?.type === 'NewExpression' && /^(Weak)?(Map|Set)$/.test(init.callee.name) && !init.arguments.length),
    );
    return state ? [`${path}:${lineOf(code, statement.start)}: mutable state at module level: put it in a closure`] : [];
  });
}

function isKey(node, parent) {
  if (!parent) return false;
  if (parent.type === 'MemberExpression') return parent.property === node && !parent.computed;
  if (parent.type === 'TSQualifiedName') return parent.right === node;
  const keyed = ['Property', 'PropertyDefinition', 'MethodDefinition', 'TSPropertySignature', 'TSMethodSignature', 'AccessorProperty'];
  return keyed.includes(parent.type) && parent.key === node && !parent.computed && !parent.shorthand;
}

function isMember(node, object, property) {
  return node.type === 'MemberExpression' && node.object.name === object && node.property.name === property;
}

function roomOf(path) {
  const [, first] = path.split('/');
  return first ?? path;
}

export function lengths(files) {
  const sorted = files.map(({ code }) => code.split('\n').length - 1).toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return { files: sorted.length, median: at(0.5), p95: at(0.95), longest: sorted.at(-1) };
}

if (isMain(import.meta)) {
  argumentsOf('node scripts/house.mjs');
  const files = sources(root, ['src']);
  const found = violations(files);
  for (const violation of found) console.error(violation);
  const { files: count, median, p95, longest } = lengths(files);
  console.log(`house: ${count} files read, median ${median} lines, 95th percentile ${p95}, longest ${longest}; ${found.length} violations`);
  process.exit(found.length ? 1 : 0);
}
