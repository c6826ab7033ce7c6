import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compare } from './api.mjs';
import { root } from './steps.mjs';

let projectFolder;
beforeEach(() => {
  mkdirSync(join(root, '.tmp'), { recursive: true });
  projectFolder = mkdtempSync(join(root, '.tmp', 'api-'));
  mkdirSync(join(projectFolder, 'dist/types'), { recursive: true });
  writeFileSync(join(projectFolder, 'package.json'), JSON.stringify({ name: 'subject', version: '1.0.0' }));
});
afterEach(() => rmSync(projectFolder, { recursive: true }));

const typed = [{ name: 'index', source: 'src/index.ts', kind: 'module', export: '.' }];
const declare = (code) => writeFileSync(join(projectFolder, 'dist/types/index.d.ts'), code);
const run = (update = false) => compare({ update, typed, projectFolder, folder: join(projectFolder, 'api') });
const sound = '/** Says hello. */\nexport declare const hello: (name: string) => string;\n';

describe('the API report', { timeout: 120_000 }, () => {
  it('an unchanged surface passes, a changed one does not', () => {
    declare(sound);
    expect(run(true)).toEqual([]);
    expect(run()).toEqual([]);
    declare(sound.replace('name: string', 'name?: string'));
    expect(run()).toEqual([expect.stringContaining('the public surface differs')]);
  });

  it('a report that was never written, or belongs to nothing, is found', () => {
    declare(sound);
    expect(run()).toContainEqual(expect.stringContaining('the public surface differs'));
    run(true);
    writeFileSync(join(projectFolder, 'api/gone.api.md'), '');
    expect(run()).toEqual([expect.stringContaining('api/gone.api.md belongs to no entry')]);
  });

  it('an exported symbol without a doc comment is found', () => {
    declare('export declare const hello: (name: string) => string;\n');
    expect(run(true)).toEqual([expect.stringContaining('no doc comment on: export const hello')]);
  });

  it('a type that callers cannot name is found', () => {
    declare('interface Hidden { a: string }\n/** Says hello. */\nexport declare const hello: (name: Hidden) => string;\nexport {};\n');
    expect(run(true)).toEqual([expect.stringContaining('"Hidden" needs to be exported')]);
  });

  it('fails without a build, and without an entry', () => {
    expect(run()).toEqual([expect.stringContaining('npm run build')]);
    expect(compare({ typed: [], projectFolder, folder: join(projectFolder, 'api') })).toEqual([expect.stringContaining('saw nothing')]);
  });
});
