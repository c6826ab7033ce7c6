import { describe, expect, it } from 'vitest';
import { violations } from './honesty.mjs';

const file = (code, path = 'src/core/a.test.ts') => violations([{ path, code }]);
const left = 'skip';

describe('nothing is left out quietly', () => {
  it('whole tests pass', () => {
    expect(file(`it('a', () => {}); describe.each([1])('b', () => { test('c', () => {}); });`)).toEqual([]);
  });

  it('fails when it reads no test', () => {
    expect(violations([{ path: 'src/core/a.ts', code: '' }])).toEqual([expect.stringContaining('no test was read')]);
  });

  it.each([
    `it.${left}('a', () => {})`,
    `it.only('a', () => {})`,
    `describe.only('a', () => {})`,
    `test.describe.${left}('a', () => {})`,
    `test('a', () => { test.${left}(true, 'why'); })`,
    `test.fixme('a', () => {})`,
    `it.todo('a')`,
    `it.fails('a', () => {})`,
    `it.runIf(false)('a', () => {})`,
    `it.concurrent.${left}('a', () => {})`,
    `xit('a', () => {})`,
    `describe('a', { retry: 2 }, () => {})`,
    `throw new Error('not implemented')`,
    `// ${'TO'}DO later`,
    `/* ${'FIX'}ME */`,
  ])('finds %s', (code) => {
    expect(file(code)).toHaveLength(1);
  });

  it('finds retries in a configuration', () => {
    expect(violations([{ path: 'playwright.config.ts', code: 'export default { retries: 1 };' }, { path: 'a.test.ts', code: '' }])).toEqual([expect.stringContaining('retries: 1')]);
  });
});
