/** Reads the titles of tests out of test files with a parser: `it`, `test`, `describe`, with `.each`, `.concurrent`, nested. */
import { parse, walk } from './imports.mjs';

const TEST = new Set(['it', 'test']);
const GROUP = 'describe';

export const SEPARATOR = ' › ';

/**
 * @returns {{ title: string, full: string, path: string, pattern: RegExp, fullPattern: RegExp }[]} Titles of tests, alone and
 * below their groups (`group › title`). One with `${…}` or `%s` in it stands for many: its pattern matches each of them.
 */
export function titlesOf({ path, code }) {
  const found = [];
  walk(parse(path, code), (node, parents) => {
    if (node.type !== 'CallExpression' || kindOf(node.callee) !== 'test') return;
    const title = textOf(node.arguments[0]);
    if (title === undefined) return;
    const groups = parents.filter((parent) => parent.type === 'CallExpression' && kindOf(parent.callee) === 'group').map((group) => textOf(group.arguments[0]) ?? '${}');
    const full = [...groups.toReversed(), title].join(SEPARATOR);
    found.push({ title, full, path, pattern: patternOf(title), fullPattern: patternOf(full) });
  });
  return found;
}

/** 'test', 'group' or undefined for the callee of a call: `it`, `it.each(table)`, `test.describe`, `it.concurrent.for(x)`, … */
export function kindOf(callee) {
  const names = chain(callee);
  if (!names) return undefined;
  if (names.includes(GROUP)) return 'group';
  const [root, ...rest] = names;
  if (!TEST.has(root)) return undefined;
  // `test.beforeEach(fn)`, `test.step(…)`, `test.use(…)` are calls on a test, not tests.
  return rest.every((name) => MODIFIERS.has(name)) ? 'test' : undefined;
}

const MODIFIERS = new Set('each for concurrent sequential skip only todo fails fixme skipIf runIf extend browser'.split(' '));

/** The names along `a.b(…).c`, or undefined for anything else. */
export function chain(callee) {
  if (callee.type === 'Identifier') return [callee.name];
  if (callee.type === 'CallExpression' || callee.type === 'TaggedTemplateExpression') return chain(callee.callee ?? callee.tag);
  if (callee.type !== 'MemberExpression' || callee.computed) return undefined;
  const above = chain(callee.object);
  return above && [...above, callee.property.name];
}

function textOf(node) {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value;
  if (node?.type === 'BinaryExpression' && node.operator === '+') {
    const [left, right] = [textOf(node.left), textOf(node.right)];
    return left === undefined && right === undefined ? undefined : `${left ?? '${}'}${right ?? '${}'}`;
  }
  if (node?.type !== 'TemplateLiteral') return undefined;
  return node.quasis.map(({ value }) => value.cooked).join('${}');
}

/** Too little fixed text would match any name: such a title stands for itself only. */
const LEAST_FIXED_TEXT = 8;

function patternOf(title) {
  const escaped = title.split(/\$\{\}|%[sdifjoO#%$]|\$[a-zA-Z_][\w.]*/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  const vague = escaped.length > 1 && escaped.join('').trim().length < LEAST_FIXED_TEXT;
  return vague ? /^$/ : new RegExp(`^${escaped.join('.*')}$`);
}
