import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { entries } from './entries.mjs';
import { bareImports, contentViolations, exportViolations } from './pack.mjs';
import { root } from './steps.mjs';

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

describe('the package', () => {
  it('exports exactly the doors of scripts/entries.mjs', () => {
    expect(exportViolations(manifest)).toEqual([]);
  });

  it('a door missing on either side is found', () => {
    expect(exportViolations({ ...manifest, exports: { ...manifest.exports, './extra': './dist/extra.js' } })).toEqual([expect.stringContaining('exports["./extra"]')]);
    expect(exportViolations(manifest, [...entries, { name: 'other', source: 'src/worker/other.ts', kind: 'classic', export: './other.js' }])).toEqual([expect.stringContaining('exports["./other.js"] is undefined')]);
    expect(exportViolations(manifest, [...entries, { name: 'other', source: 'src/cli/other.ts', kind: 'bin' }])).toEqual([expect.stringContaining('bin of package.json')]);
  });

  it('holds the build, the readme and the licence, nothing else', () => {
    const sound = ['dist/index.js', 'README.md', 'LICENSE', 'package.json'];
    expect(contentViolations(sound)).toEqual([]);
    expect(contentViolations([...sound, 'src/index.ts'])).toEqual(['the tarball holds src/index.ts']);
    expect(contentViolations([...sound, 'dist/types/core/a.test.d.ts'])).toHaveLength(1);
    expect(contentViolations(sound.slice(0, 1))).toHaveLength(3);
  });

  it('an import for side effects is found', () => {
    expect(bareImports([{ path: 'dist/a.js', code: `import { b } from "./b.js";\nimport("./c.js");\n` }])).toEqual([]);
    expect(bareImports([{ path: 'dist/a.js', code: `import { b } from "./b.js";\nimport "./c.js";\n` }])).toHaveLength(1);
  });
});
