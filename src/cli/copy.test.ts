import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { check, init } from './copy.js';

const script = (version: string, code = 'self;') => `/*! tabaton ${version} service worker */\n${code}`;
let folder: string;
const file = () => join(folder, 'tabaton-sw.js');
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'tabaton-cli-'))));
afterEach(() => rmSync(folder, { recursive: true }));

describe('tabaton init', () => {
  it('writes the script into a folder that may not exist yet', () => {
    folder = join(folder, 'public');
    expect(init(folder, script('1.0.0')).status).toBe(0);
    expect(readFileSync(file(), 'utf8')).toBe(script('1.0.0'));
    folder = join(folder, '..');
  });

  it('renews its own copy and says both versions', () => {
    init(folder, script('1.0.0'));
    expect(init(folder, script('1.1.0')).lines.join()).toMatch(/1\.0\.0.*1\.1\.0/);
    expect(readFileSync(file(), 'utf8')).toBe(script('1.1.0'));
  });

  it('never overwrites a file it did not write', () => {
    writeFileSync(file(), '// somebody’s own worker');
    expect(init(folder, script('1.0.0')).status).toBe(1);
    expect(readFileSync(file(), 'utf8')).toBe('// somebody’s own worker');
  });
});

describe('tabaton check', () => {
  it('is content with the installed bytes', () => {
    init(folder, script('1.0.0'));
    expect(check(folder, script('1.0.0')).status).toBe(0);
  });

  it.each([
    ['an older version', script('0.9.0'), /0\.9\.0.*1\.0\.0/],
    ['a copy that somebody edited', script('1.0.0', 'other;'), /bytes differ/],
    ['another file', '// own', /of no version/],
  ])('fails on %s and prints both versions', (_, code, words) => {
    writeFileSync(file(), code);
    const { status, lines } = check(folder, script('1.0.0'));
    expect(status).toBe(1);
    expect(lines.join()).toMatch(words);
  });

  it('fails on a missing copy and names the command', () => {
    expect(check(folder, script('1.0.0'))).toMatchObject({ status: 1, lines: [expect.stringContaining('npx tabaton init')] });
  });
});
