/**
 * Nothing is left out quietly: no skipped, focused, postponed or expected-to-fail test, no retries, no leftover notes.
 * Fails when it reads no test.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { argumentsOf } from './arguments.mjs';
import { lineOf, parse, walk } from './imports.mjs';
import { isMain } from './main.mjs';
import { isTest, sources } from './sources.mjs';
import { root } from './steps.mjs';
import { chain } from './titles.mjs';

const LEFT_OUT = new Set('skip only todo fixme fails fail skipIf runIf'.split(' '));
const ALIASES = new Set('xit xtest xdescribe fit fdescribe'.split(' '));
const ROOTS = new Set('it test describe suite testInfo'.split(' '));
const LEFTOVER = /\b(TODO|FIXME|XXX|HACK)\b|\bnot (yet )?implemented\b|\bunimplemented\b/;

/** @param {{ path: string, code: string }[]} files @returns {string[]} violations */
export function violations(files) {
  const found = files.some(({ path }) => isTest(path)) ? [] : ['no test was read: the check saw nothing'];
  for (const { path, code } of files) {
    const say = (node, what) => found.push(`${path}:${lineOf(code, node.start)}: ${what}`);
    const program = parse(path, code);
    walk(program, (node) => {
      if (node.type === 'Literal' && typeof node.value === 'string' && /^not (yet )?implemented/i.test(node.value)) say(node, `"${node.value}": finish it, or write an issue`);
      if (node.type === 'CallExpression') {
        const names = chain(node.callee) ?? [];
        if (ROOTS.has(names[0]) && names.some((name) => LEFT_OUT.has(name))) say(node, `${names.join('.')}: no test is left out`);
        if (ALIASES.has(names[0])) say(node, `${names[0]}: no test is left out`);
      }
      if (node.type === 'Property' && /^(retry|retries|repeats)$/.test(node.key.name ?? '') && isConfigOrTest(path) && node.value.type === 'Literal' && node.value.value)
        say(node, `${node.key.name}: ${node.value.value}: a test passes the first time or it fails`);
    });
    for (const comment of program.comments) {
      const note = LEFTOVER.exec(comment.value);
      if (note) say(comment, `"${note[0]}": finish it, or write an issue`);
    }
  }
  // `it.runIf(x)('…')` is two calls and one omission.
  return [...new Set(found)];
}

const isConfigOrTest = (path) => isTest(path) || /(^|\/)(vitest|playwright)[\w.]*\.config\./.test(path);

const CONFIGS = ['vitest.config.ts', 'playwright.config.ts'];

if (isMain(import.meta)) {
  argumentsOf('node scripts/honesty.mjs');
  const configs = CONFIGS.filter((path) => existsSync(join(root, path))).map((path) => ({ path, code: readFileSync(join(root, path), 'utf8') }));
  const files = [...sources(root, ['src', 'e2e', 'demo', 'bench', 'scripts']), ...configs];
  const found = violations(files);
  for (const violation of found) console.error(violation);
  console.log(`honesty: ${files.length} files read, ${found.length} violations`);
  process.exit(found.length ? 1 : 0);
}
