import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { run } from './run.js';

const start = process.cwd();
let folder: string;
beforeEach(() => process.chdir((folder = mkdtempSync(join(tmpdir(), 'tabaton-run-')))));
afterEach(() => {
  process.chdir(start);
  rmSync(folder, { recursive: true });
});
const tabaton = (...args: string[]) => run(args, () => '/*! tabaton 1.0.0 service worker */\n');

it('does what it is asked', async () => {
  expect((await tabaton('init', 'public')).status).toBe(0);
  expect((await tabaton('check', 'public')).status).toBe(0);
});

it.each(['help', '--help', '-h', 'init --help', 'check --help', 'doctor -h', 'init public --help'])('explains itself and touches nothing: %s', async (line) => {
  expect(await tabaton(...line.split(' '))).toEqual({ status: 0, lines: [expect.stringContaining('tabaton init <folder>')] });
  expect(readdirSync('.')).toEqual([]);
});

it.each(['init --force', 'init public --force', 'check -x', 'doctor --url', 'init public other'])('refuses what it does not know, with the usage, and touches nothing: %s', async (line) => {
  const { status, lines } = await tabaton(...line.split(' '));
  expect(status).toBe(1);
  expect(lines.join('\n')).toMatch(new RegExp(`${line.split(' ').at(-1)}\\.\\n[^]*tabaton init <folder>`));
  expect(readdirSync('.')).toEqual([]);
});

it('without a command or its target says how it is used', async () => {
  for (const args of [[], ['init'], ['make', 'public']]) expect(await tabaton(...args)).toMatchObject({ status: 1, lines: [expect.stringContaining('doctor <url>')] });
});

it.each(['init', 'check'])('a file where a folder belongs is said in a sentence, not thrown: %s', async (command) => {
  writeFileSync('sw.js', '');
  mkdirSync('public/tabaton-sw.js', { recursive: true });
  for (const target of ['sw.js', 'public'])
    expect(await tabaton(command, target)).toEqual({ status: 1, lines: expect.arrayContaining([expect.stringContaining(target)]) });
});
