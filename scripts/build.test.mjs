/** The build on a small package of its own: every kind of entry, a lazy chunk, a shared chunk, a private declaration. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAsReleased, versionOf } from '../src/vite/script.ts';
import { root } from './steps.mjs';

let folder;
const write = (path, text) => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
};
const read = (path) => readFileSync(join(folder, path), 'utf8');
const build = (...args) => spawnSync(process.execPath, ['scripts/build.mjs', ...args], { cwd: folder, encoding: 'utf8' });
const files = (path) => readdirSync(join(folder, path), { recursive: true }).map(String).filter((name) => statSync(join(folder, path, name)).isFile()).toSorted();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tabaton-build-'));
  for (const file of ['scripts', 'tsconfig.json', 'tsconfig.build.json']) cpSync(join(root, file), join(folder, file), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  write('package.json', JSON.stringify({ name: 'subject', version: '1.0.0', type: 'module', dependencies: { 'idb-keyval': '6' } }));
  write(
    'scripts/entries.mjs',
    `export const entries = [
      { name: 'index', source: 'src/index.ts', kind: 'module', export: '.' },
      { name: 'server/index', source: 'src/server/index.ts', kind: 'module', export: './server' },
      { name: 'sw', source: 'src/worker/classic.ts', kind: 'classic', export: './sw.js' },
      { name: 'cli', source: 'src/cli/index.ts', kind: 'bin' },
    ];`,
  );
  write('src/index.ts', `import { get } from 'idb-keyval';\nimport { shared } from './core/shared.js';\nexport const a = async (): Promise<unknown> => [shared, await get('x'), await import('./core/later.js')];\n`);
  write('src/core/shared.ts', `export const shared = 'shared between two doors';\n`);
  write('src/core/later.ts', `export const later = 'loaded on demand';\n`);
  write('src/core/private.ts', 'export const hidden = 1;\n');
  write('src/server/index.ts', `export { shared } from '../core/shared.js';\n`);
  write('src/worker/classic.ts', `import { get } from 'idb-keyval';\nimport { shared } from '../core/shared.js';\n(globalThis as Record<string, unknown>)['onboard'] = [get, shared];\n`);
  write('src/cli/index.ts', `#!/usr/bin/env node\nconsole.log('hello');\n`);
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('npm run build', { timeout: 60_000 }, () => {
  it('writes each door, keeps lazy parts lazy and dependencies outside, and publishes only reachable types', () => {
    expect(build()).toMatchObject({ status: 0, stdout: expect.stringContaining('built index, server/index, sw, cli') });
    expect(files('dist').filter((name) => name.endsWith('.js'))).toEqual(['chunks/later.js', 'chunks/shared.js', 'cli.js', 'index.js', 'server/index.js', 'sw.js']);
    expect(read('dist/index.js')).toMatch(/import\("\.\/chunks\/later\.js"\)/);
    expect(read('dist/index.js')).toMatch(/from "idb-keyval"/);
    expect(files('dist/types')).toEqual(['core/shared.d.ts', 'index.d.ts', 'server/index.d.ts']);
  });

  it('makes the classic script self-contained: it runs without a module loader', () => {
    build();
    const code = read('dist/sw.js');
    expect(code).not.toMatch(/\b(import|export)\b\s*[{("'*]/);
    const scope = {};
    // oxlint-disable-next-line no-new-func -- a classic script has no other loader
    new Function('globalThis', code)(scope);
    expect(scope.onboard?.[1]).toBe('shared between two doors');
  });

  it('signs it, so that a changed copy is told from a released one', () => {
    build();
    const code = read('dist/sw.js');
    expect([versionOf(code), isAsReleased(code), isAsReleased(code.replace('\n', '\nself.tabaton={};\n'))]).toEqual(['1.0.0', true, false]);
  });

  it('makes the command executable', () => {
    build();
    expect(statSync(join(folder, 'dist/cli.js')).mode & 0o111).toBe(0o111);
    expect(spawnSync(join(folder, 'dist/cli.js'), { encoding: 'utf8' }).stdout).toBe('hello\n');
  });

  it('fails clearly when the source of an entry is missing, and leaves the last build alone', () => {
    build();
    rmSync(join(folder, 'src/server/index.ts'));
    expect(build()).toMatchObject({ status: 1, stderr: expect.stringContaining('have no source file: src/server/index.ts') });
    expect(existsSync(join(folder, 'dist/index.js'))).toBe(true);
    expect(build('--only', 'index')).toMatchObject({ status: 0 });
    expect(build('--only', 'elsewhere')).toMatchObject({ status: 1, stderr: expect.stringContaining('no such entry: elsewhere') });
  });

  it('fails on source that cannot be built, and leaves the last build alone', () => {
    build();
    write('src/index.ts', `import './nowhere.js';\n`);
    expect(build().status).toBe(1);
    expect(read('dist/index.js')).toContain('later');
    expect(readdirSync(join(folder, '.tmp'))).toEqual([]);
  });
});
