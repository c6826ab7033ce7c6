import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readArguments } from './arguments.mjs';
import { parse, walk } from './imports.mjs';
import { sources } from './sources.mjs';
import { root } from './steps.mjs';

const read = (...args) => readArguments('npm run sim [-- --runs N] [--trace]', { runs: { type: 'string' }, trace: { type: 'boolean' } }, args);

describe('arguments of a script', () => {
  it('are what it knows', () => {
    expect(read()).toEqual({});
    expect(read('--runs', '20', '--trace')).toEqual({ runs: '20', trace: true });
    expect(read('--runs=20')).toEqual({ runs: '20' });
  });

  it.each([
    ['--help', 'There is no --help.'],
    ['-h', 'There is no -h.'],
    ['--run', 'There is no --run.'],
    ['20', '"20" means nothing here.'],
    ['--runs', '--runs needs a value.'],
    ['--trace=yes', '--trace takes no value.'],
  ])('%s is refused with a sentence', (argument, sentence) => {
    expect(() => read(argument)).toThrow(`${sentence} Usage: npm run sim [-- --runs N] [--trace]`);
  });

  it('a refusal ends the script before it begins', () => {
    const run = spawnSync(process.execPath, [join(root, 'scripts/model.mjs'), '--help'], { encoding: 'utf8', timeout: 20_000 });
    expect(run).toMatchObject({ status: 2, stdout: '', stderr: 'There is no --help. Usage: npm run model [-- --suite] [--days]\n' });
  });

  it.each([
    [['bench/run.mjs', 'raeds'], 'There is no bench "raeds": there are crash, fan-out, fifty, reads, worker, and server.\n'],
    [['bench/server.mjs', '20', 'postgres'], '"postgres" means nothing here. Usage: npm run bench -- server [seconds [sqlite] [redis] [streams] [stored] [cpu]]\n'],
    [['bench/server.mjs', '--help'], '"--help" means nothing here. Usage: npm run bench -- server [seconds [sqlite] [redis] [streams] [stored] [cpu]]\n'],
  ])('a bench that does not exist is not run: %s', ([file, ...args], stderr) => {
    expect(spawnSync(process.execPath, [join(root, file), ...args], { encoding: 'utf8', timeout: 20_000 })).toMatchObject({ status: 2, stderr });
  });

  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const started = new Set(Object.values(scripts).flatMap((command) => /^node (scripts\/\S+)/.exec(command)?.[1] ?? []));
  const files = sources(root, ['scripts']).filter(({ path, code }) => !path.includes('.test.') && (started.has(path) || code.includes('isMain(import.meta)')));

  it('every script of the package is looked at', () => {
    expect([...started].filter((path) => !files.some((file) => file.path === path))).toEqual([]);
    expect(files.length).toBeGreaterThan(10);
  });

  it.each(files)('$path reads them here and nowhere else', ({ path, code }) => {
    let asks = 0;
    let argv = 0;
    walk(parse(path, code), (node) => {
      if (node.type === 'CallExpression' && node.callee.name === 'argumentsOf') asks += 1;
      if (node.type === 'MemberExpression' && node.object.name === 'process' && node.property.name === 'argv') argv += 1;
    });
    expect([asks, argv]).toEqual([1, 0]);
  });
});
