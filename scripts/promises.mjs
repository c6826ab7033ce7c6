/**
 * docs/promises.md: each promise, invariant and "must, never, only" with the test that would fail without it.
 * Fails on an empty cell, on a test that does not exist, and where the table is empty. With `--ran`, also on a test that
 * did not run and pass in the last `npm test` (CI asks that: existing is not passing).
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { argumentsOf } from './arguments.mjs';
import { parse, walk } from './imports.mjs';
import { isMain } from './main.mjs';
import { playwrightReport, vitestReport } from './plan.mjs';
import { isTest, sources } from './sources.mjs';
import { reports, root } from './steps.mjs';
import { SEPARATOR, titlesOf } from './titles.mjs';

/**
 * Rows of every table whose last column is headed "test". A cell names tests in backticks, as many as it takes: by title, or
 * by `group › title` where the title alone says too little.
 * @returns {{ line: number, id: string, text: string, tests: string[] }[]}
 */
export function rowsOf(markdown) {
  const rows = [];
  let inside = false;
  for (const [index, line] of markdown.split('\n').entries()) {
    const cells = line.startsWith('|') ? cellsOf(line) : undefined;
    if (!cells) inside = false;
    else if (cells.at(-1).trim().toLowerCase() === 'test') inside = true;
    else if (inside && !/^[\s:|-]+$/.test(line))
      rows.push({ line: index + 1, id: cells[0].trim(), text: cells.slice(1, -1).join('|').trim(), tests: [...cells.at(-1).matchAll(/`([^`]+)`/g)].map(([, name]) => name) });
  }
  return rows;
}

/**
 * @param {ReturnType<import('./titles.mjs').titlesOf>} titles
 * @param {Set<string>} [passed] names of the tests that ran and passed, alone and below their groups
 */
export function violations(markdown, titles, passed) {
  const rows = rowsOf(markdown);
  if (!rows.length) return ['docs/promises.md: no row was read: the check saw nothing'];
  if (!titles.length) return ['no test title was read: the check saw nothing'];
  const found = [];
  const seen = new Set();
  for (const { line, id, text, tests } of rows) {
    const at = `docs/promises.md:${line} (${id || 'no id'})`;
    if (!id || !text) found.push(`${at}: an empty cell`);
    if (seen.has(id)) found.push(`${at}: the id stands twice`);
    seen.add(id);
    if (!tests.length) found.push(`${at}: no test would fail without it`);
    for (const name of tests) {
      const known = titles.filter((test) => test.title === name || test.full === name || test.pattern.test(name) || test.fullPattern.test(name));
      const ran = (test) => passed.has(name) || [...passed].some((one) => (test.title === name && test.pattern.test(one)) || (test.full === name && test.fullPattern.test(one)));
      if (!known.length) found.push(`${at}: there is no test "${name}"`);
      else if (passed && !known.some(ran)) found.push(`${at}: "${name}" did not run and pass in the last npm test`);
    }
  }
  return found;
}

function cellsOf(line) {
  return line
    .trim()
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/);
}

/** Names of the tests that passed in the last `npm test`. */
export function passedTitles(vitest, playwright) {
  const passed = new Set();
  const add = (groups, title) => passed.add(title).add([...groups, title].join(SEPARATOR));
  for (const file of vitest.testResults) for (const test of file.assertionResults) if (test.status === 'passed') add(test.ancestorTitles, test.title);
  const visit = (suite, groups) => {
    for (const spec of suite.specs ?? []) if (spec.ok) add(groups, spec.title);
    for (const inner of suite.suites ?? []) visit(inner, [...groups, inner.title]);
  };
  // The outermost suite is the file.
  for (const suite of playwright.suites) visit(suite, []);
  return passed;
}

/** The invariants that the simulation looks at after every step, as `simulation › S1`: each that it can fail with. */
export function invariantsOf({ path, code }) {
  const found = new Map();
  walk(parse(path, code), (node) => {
    const name = node.type === 'CallExpression' && node.callee.name === 'fail' && node.arguments[0]?.value;
    if (typeof name === 'string') found.set(name, { title: name, full: `simulation${SEPARATOR}${name}`, path, pattern: /^$/, fullPattern: /^$/ });
  });
  return [...found.values()];
}

if (isMain(import.meta)) {
  const { ran } = argumentsOf('node scripts/promises.mjs [--ran]', { ran: { type: 'boolean' } });
  const file = join(root, 'docs', 'promises.md');
  const titles = sources(root, ['src', 'e2e', 'scripts', 'demo'])
    .filter(({ path, code }) => isTest(path) || /\b(it|test)(\.\w+)*\(/.test(code))
    .flatMap(titlesOf);
  titles.push(...sources(root, ['src/simulation']).filter(({ path }) => path.endsWith('/invariants.ts')).flatMap(invariantsOf));
  const passed = ran ? passedTitles(read(vitestReport), read(playwrightReport)) : undefined;
  if (passed && read(join(reports, 'simulation.json')).failed === 0) for (const { full } of titles) if (full.startsWith('simulation')) passed.add(full);
  const markdown = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const found = violations(markdown, titles, passed);
  for (const violation of found) console.error(violation);
  console.log(`promises: ${rowsOf(markdown).length} rows against ${titles.length} test titles${passed ? `, ${passed.size} passed` : ''}; ${found.length} violations`);
  process.exit(found.length ? 1 : 0);
}

function read(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}
