/** Each rule of the house can fail: one violation each, beside a house that passes. */
import { describe, expect, it } from 'vitest';
import { lengths, violations } from './house.mjs';
import { sources } from './sources.mjs';
import { root } from './steps.mjs';

const sound = [
  { path: 'src/index.ts', code: `export { createSession } from './browser/session.js';\n` },
  { path: 'src/contract/wire.ts', code: `export const DEADLINE_MS = 10_000;\n` },
  { path: 'src/core/state.ts', code: `import { DEADLINE_MS } from '../contract/wire.js';\nexport const patience = (clock) => clock.now() + DEADLINE_MS;\n` },
  { path: 'src/browser/session.ts', code: `import { get } from 'idb-keyval';\nimport { patience } from '../core/state.js';\nexport const createSession = () => [get, patience];\n` },
  { path: 'src/server/index.ts', code: `import { SignJWT } from 'jose';\nexport const issuer = () => new SignJWT({});\n` },
  { path: 'src/testing/index.ts', code: `import { patience } from '../core/state.js';\nexport const virtual = patience;\n` },
];
const house = (...extra) => violations([...sound.filter(({ path }) => !extra.some((file) => file.path === path)), ...extra]);
const core = (code) => house({ path: 'src/core/state.ts', code });

describe('rules of the house', () => {
  it('a sound house passes', () => {
    expect(house()).toEqual([]);
  });

  it('fails when it reads no module at all', () => {
    expect(violations([])).toEqual([expect.stringContaining('no module was read')]);
    expect(violations([{ path: 'src/core/x.test.ts', code: '' }])).toEqual([expect.stringContaining('no module was read')]);
  });

  it.each(['index.ts', 'contract', 'core', 'browser', 'server', 'testing'])('fails when src/%s is empty', (room) => {
    const rest = sound.filter(({ path }) => !path.startsWith(`src/${room}`));
    expect(violations(rest)).toContainEqual(`src/${room}: no module was read there`);
  });

  it.each([
    ['core imports a sibling', { path: 'src/core/state.ts', code: `import '../browser/session.js';` }, 'src/core imports src/browser'],
    ['core imports a type of a sibling', { path: 'src/core/state.ts', code: `import type { A } from '../testing/index.js';` }, 'src/core imports src/testing'],
    ['core names a type by import()', { path: 'src/core/state.ts', code: `export type A = import('../server/index.js').A;` }, 'src/core imports src/server'],
    ['core re-exports a sibling', { path: 'src/core/state.ts', code: `export * from '../browser/session.js';` }, 'src/core imports src/browser'],
    ['core loads a sibling later', { path: 'src/core/state.ts', code: `export const a = () => import('../browser/session.js');` }, 'src/core imports src/browser'],
    ['core imports a package', { path: 'src/core/state.ts', code: `import { get } from 'idb-keyval';` }, 'imports the package idb-keyval'],
    ['core imports the assembly', { path: 'src/core/state.ts', code: `import '../index.js';` }, 'src/core imports src/index.ts'],
    ['contract imports anything', { path: 'src/contract/wire.ts', code: `import '../core/state.js';` }, 'src/contract imports src/core'],
    ['the server imports the browser half', { path: 'src/server/index.ts', code: `import '../core/state.js';` }, 'src/server imports src/core'],
    ['the browser half imports the server', { path: 'src/browser/session.ts', code: `import '../server/index.js';` }, 'src/browser imports src/server'],
    ['a client reaches into the core', { path: 'src/clients/ky.ts', code: `import type { S } from '../core/state.js';` }, 'src/clients imports src/core'],
    ['the inspector reaches into the browser half', { path: 'src/inspector/view.ts', code: `import '../browser/session.js';` }, 'src/inspector imports src/browser'],
    ['the handler uses Node', { path: 'src/server/index.ts', code: `import { createHash } from 'node:crypto';` }, 'must run without Node'],
    ['an import is computed', { path: 'src/browser/session.ts', code: 'export const a = (b) => import(b);' }, 'computed import'],
    ['a specifier has no ending', { path: 'src/server/index.ts', code: `import './clock';` }, 'needs its .js ending'],
    ['a room has no rules', { path: 'src/attic/box.ts', code: '' }, 'src/attic is not a room'],
    ['a drawer has no name', { path: 'src/core/utils.ts', code: '' }, 'a name that says nothing'],
    ['a file is too long', { path: 'src/core/state.ts', code: '\n'.repeat(351) }, '351 lines'],
    ['a test file is too long', { path: 'src/core/state.test.ts', code: '\n'.repeat(351) }, '351 lines'],
    ['a module keeps a variable', { path: 'src/browser/session.ts', code: 'export let current;' }, 'mutable state'],
    ['a module keeps a map', { path: 'src/browser/session.ts', code: 'const sessions = new Map();' }, 'mutable state'],
    ['the server reads the clock inline', { path: 'src/server/index.ts', code: 'export const now = () => Date.now();' }, 'clock is a port'],
    ['the server reads the date inline', { path: 'src/server/index.ts', code: 'export const now = () => new Date();' }, 'clock is a port'],
    ['the server starts a timer inline', { path: 'src/server/index.ts', code: 'export const wait = (f) => setTimeout(f, 1);' }, 'use a port'],
  ])('a violation is found: %s', (_what, file, message) => {
    expect(house(file)).toEqual([expect.stringContaining(message)]);
  });

  it.each(['Date.now()', 'new Date()', 'setTimeout(f, 1)', 'document.cookie', 'window.x', 'navigator.locks', 'performance.now()', 'fetch(url)', 'globalThis.x', 'Math.random()', 'console.log(1)', '({ fetch })'])(
    'the core may not write %s',
    (expression) => {
      expect(core(`export const f = () => ${expression};`)).toEqual([expect.stringMatching(/use a port|use the Random port/)]);
    },
  );

  it.each(['clock.setTimeout(f, 1)', 'ports.document', '({ window: 1 })', 'Math.max(1, 2)'])('the core may write %s: that is no global', (expression) => {
    expect(core(`export const f = () => ${expression};`)).toEqual([]);
  });

  it('a test may reach anywhere', () => {
    expect(house({ path: 'src/core/state.test.ts', code: `import '../browser/session.js'; Date.now();` })).toEqual([]);
  });

  it('cannot be passed by a file it fails to parse', () => {
    expect(() => core('import {')).toThrow(/src\/core\/state\.ts/);
  });

  it('reads the real house', () => {
    expect(lengths(sources(root, ['src'])).files).toBeGreaterThan(20);
  });
});
