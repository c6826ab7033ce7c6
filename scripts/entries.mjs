/**
 * Every door of the package, one line each. The build, the API reports and the packed-artefact test read this list;
 * a test compares it with `exports` in package.json, so a door cannot be added to one of them only.
 *
 * kind `module`: ESM entry; shares chunks with the others, keeps its dynamic imports as chunks of their own.
 * kind `classic`: self-contained IIFE script, dependencies inlined, no exports and no types; built in a pass of its own
 *                 because a classic script cannot share chunks with modules.
 * kind `bin`: ESM entry with a `#!` line, named in `bin` of package.json.
 */
export const entries = [
  { name: 'index', source: 'src/index.ts', kind: 'module', export: '.' },
  { name: 'worker/index', source: 'src/worker/index.ts', kind: 'module', export: './worker' },
  { name: 'vite/index', source: 'src/vite/index.ts', kind: 'module', export: './vite' },
  { name: 'cli/index', source: 'src/cli/index.ts', kind: 'bin' },
  { name: 'sw', source: 'src/worker/sw.ts', kind: 'classic', export: './sw.js' },
  { name: 'server/index', source: 'src/server/index.ts', kind: 'module', export: './server' },
  { name: 'server/node', source: 'src/server/node.ts', kind: 'module', export: './server/node' },
  { name: 'server/redis', source: 'src/server/redis.ts', kind: 'module', export: './server/redis' },
  { name: 'server/sqlite', source: 'src/server/sqlite.ts', kind: 'module', export: './server/sqlite' },
  { name: 'testing/index', source: 'src/testing/index.ts', kind: 'module', export: './testing' },
];
