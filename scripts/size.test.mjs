import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exceeded, measure, withFigures } from './size.mjs';

let folder;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tabaton-size-'));
  mkdirSync(join(folder, 'dist/chunks'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Text that does not compress to nothing. */
const bulk = (length) => Array.from({ length }, (_, index) => Math.abs(Math.imul(index + 1, 2_654_435_761)).toString(36)).join('');
const check = (limit) => [{ id: 'entry', name: 'entry', file: 'dist/index.js', import: '{ a }', limit }];

describe('sizes', () => {
  it('counts what is imported at start, lists what comes later', async () => {
    writeFileSync(join(folder, 'dist/chunks/start.js'), `export const s = '${bulk(200)}';`);
    writeFileSync(join(folder, 'dist/chunks/later.js'), `export const l = '${bulk(2_000)}';`);
    writeFileSync(join(folder, 'dist/index.js'), `import { s } from './chunks/start.js';\nexport const a = () => [s, import('./chunks/later.js')];`);
    const [entry, later] = await measure(check(2_000), folder);
    expect(entry.size).toBeGreaterThan(700);
    expect(entry.size).toBeLessThan(2_000);
    expect(later).toMatchObject({ lazy: true, name: expect.stringContaining('later.js') });
    expect(later.size).toBeGreaterThan(5_000);
    expect(exceeded([entry, later])).toEqual([]);
    const [whole] = await measure([{ ...check(2_000)[0], with: ['later'] }], folder);
    expect(whole.size).toBeGreaterThan(entry.size + 5_000);
    await expect(measure([{ ...check(2_000)[0], with: ['gone'] }], folder)).rejects.toThrow(/no lazy chunk "gone"/);
  });

  it('a budget that is exceeded is found', async () => {
    writeFileSync(join(folder, 'dist/index.js'), `export const a = '${bulk(1_000)}';`);
    expect(exceeded(await measure(check(2_000), folder))).toEqual([expect.objectContaining({ id: 'entry' })]);
  });

  it('a missing build is no small build', async () => {
    await expect(measure(check(2_000), folder)).rejects.toThrow(/npm run build/);
  });

  it("keeps the README's figures", () => {
    const text = 'a <!-- size:entry -->1.0 kB<!-- /size --> b';
    expect(withFigures(text, [{ id: 'entry', size: 6_449 }])).toBe('a <!-- size:entry -->6.4 kB<!-- /size --> b');
    expect(() => withFigures(text, [])).toThrow(/no budget/);
  });
});
