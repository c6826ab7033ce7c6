import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { entries } from './entries.mjs';
import { bareImports, contentViolations, exportViolations, linkViolations } from './pack.mjs';
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

  it('holds the build, the guides, the rules for alerts, the readme and the licence, nothing else', () => {
    const sound = ['dist/index.js', 'docs/server.md', 'ops/alerts.yml', 'README.md', 'LICENSE', 'package.json'];
    expect(contentViolations(sound)).toEqual([]);
    expect(contentViolations([...sound, 'src/index.ts'])).toEqual(['the tarball holds src/index.ts']);
    expect(contentViolations([...sound, 'dist/types/core/a.test.d.ts'])).toHaveLength(1);
    expect(contentViolations(sound.slice(0, 3))).toHaveLength(3);
  });

  it('a link of the readme or a guide to what is not packed is found', () => {
    const texts = { 'README.md': '[a](docs/a.md) [b](https://b.example) [c](#c)', 'docs/a.md': '[b](b.md#part) [d](decisions/)', 'docs/b.md': '', 'docs/decisions/0001.md': '[away](../../src/x.ts)' };
    expect(linkViolations(Object.keys(texts), (file) => texts[file])).toEqual([]);
    expect(linkViolations(['README.md', 'docs/a.md', 'docs/decisions/0001.md'], (file) => texts[file])).toEqual(['docs/a.md links to b.md, which the tarball lacks']);
  });

  it('an import for side effects is found', () => {
    expect(bareImports([{ path: 'dist/a.js', code: `import { b } from "./b.js";\nimport("./c.js");\n` }])).toEqual([]);
    expect(bareImports([{ path: 'dist/a.js', code: `import { b } from "./b.js";\nimport "./c.js";\n` }])).toHaveLength(1);
  });
});
