import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { check, init } from './copy.js';

const digest = (code: string) => createHash('sha256').update(code).digest('hex').slice(0, 16);
const script = (version: string, code = 'self;\n') => `/*! tabaton ${version} service worker ${digest(code)}: a copy */\n${code}`;
/** As `tabaton/vite` would write it, or somebody by hand. */
const withSettings = (version: string) => script(version).replace('\n', "\nself.tabaton = { mode: 'sealed' };\n");
const onWindows = (code: string) => code.replaceAll('\n', '\r\n');
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

  it.each(['1.0.0', '0.9.0'])('never overwrites a copy of %s that somebody put settings into, and says where they belong', (version) => {
    writeFileSync(file(), withSettings(version));
    const { status, lines } = init(folder, script('1.0.0'));
    expect([status, lines.join()]).toEqual([1, expect.stringMatching(/changed it since.*self\.tabaton.*importScripts/)]);
    expect(readFileSync(file(), 'utf8')).toBe(withSettings(version));
  });

  it('knows its own copy by whatever line ends git gave it', () => {
    writeFileSync(file(), onWindows(script('1.0.0')));
    expect(init(folder, script('1.0.0')).lines.join()).toContain('is already');
    expect(init(folder, script('1.1.0'))).toMatchObject({ status: 0, lines: [expect.stringContaining('replaced by 1.1.0')] });
  });
});

describe('tabaton check', () => {
  it('is content with the installed bytes', () => {
    init(folder, script('1.0.0'));
    expect(check(folder, script('1.0.0')).status).toBe(0);
  });

  it('and with the same bytes after git on Windows changed their line ends', () => {
    writeFileSync(file(), onWindows(script('1.0.0')));
    expect(check(folder, script('1.0.0')).status).toBe(0);
  });

  it('recommends no init where init would refuse', () => {
    writeFileSync(file(), withSettings('1.0.0'));
    expect(check(folder, script('1.0.0')).lines.join()).toMatch(/bytes differ.*changed it since/);
  });

  it.each([
    ['an older version', script('0.9.0'), /0\.9\.0.*1\.0\.0/],
    ['a copy that somebody edited', script('1.0.0').replace('self', 'other'), /bytes differ/],
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
