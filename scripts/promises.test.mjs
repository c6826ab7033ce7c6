import { describe, expect, it } from 'vitest';
import { invariantsOf, passedTitles, rowsOf, violations } from './promises.mjs';
import { titlesOf } from './titles.mjs';

const table = (...rows) => `# Promises\n\n| id | promise | test |\n|---|---|---|\n${rows.join('\n')}\n`;
const titles = titlesOf({
  path: 'a.test.ts',
  code: `describe('group', () => {
    it('holds the lock once', () => {});
    it.each([1, 2])('refreshes once for %s tabs', () => {});
    test(\`survives \${fault} of the leader\`, () => {});
    test.describe('rows', () => { test('row 1: one request', async () => {}); });
    test.beforeEach('not a test', () => {});
    it(computed, () => {});
    it(\`\${anything}\`, () => {});
  });`,
});

describe('docs/promises.md', () => {
  it('reads titles of tests, not of groups and hooks', () => {
    expect(titles.map(({ title }) => title)).toEqual(['holds the lock once', 'refreshes once for %s tabs', 'survives ${} of the leader', 'row 1: one request', '${}']);
  });

  it('knows a test by its groups too', () => {
    expect(titles.map(({ full }) => full)).toContain('group › rows › row 1: one request');
    expect(violations(table('| P1 | One. | `group › rows › row 1: one request`, `group › survives crash of the leader` |'), titles)).toEqual([]);
    expect(violations(table('| P1 | One. | `other › row 1: one request` |'), titles)).toHaveLength(1);
  });

  it('a complete table passes', () => {
    expect(violations(table('| P1 | One. | `holds the lock once`, `refreshes once for %s tabs` |', '| P2 | Two. | `survives crash of the leader` |'), titles)).toEqual([]);
  });

  it.each([
    ['no row', '# Promises', 'no row was read'],
    ['an empty test cell', table('| P1 | One. |  |'), 'no test would fail'],
    ['a test that is not named in backticks', table('| P1 | One. | later |'), 'no test would fail'],
    ['an empty promise', table('| P1 |  | `holds the lock once` |'), 'an empty cell'],
    ['an unknown test', table('| P1 | One. | `holds the lock twice` |'), 'there is no test "holds the lock twice"'],
    ['a title that matches anything is no proof', table('| P1 | One. | `whatever` |'), 'there is no test'],
    ['an id that stands twice', table('| P1 | One. | `holds the lock once` |', '| P1 | Two. | `holds the lock once` |'), 'stands twice'],
  ])('fails on %s', (_what, markdown, message) => {
    expect(violations(markdown, titles)).toEqual([expect.stringContaining(message)]);
  });

  it('fails when no test title was read', () => {
    expect(violations(table('| P1 | One. | `a` |'), [])).toEqual([expect.stringContaining('no test title was read')]);
  });

  it('a test that did not run and pass proves nothing', () => {
    const passed = passedTitles(
      { testResults: [{ assertionResults: [{ status: 'passed', ancestorTitles: ['group'], title: 'holds the lock once' }, { status: 'failed', ancestorTitles: ['group'], title: 'refreshes once for 2 tabs' }] }] },
      { suites: [{ suites: [{ title: 'group', suites: [{ title: 'rows', specs: [{ ok: true, title: 'row 1: one request' }] }] }] }] },
    );
    const markdown = table('| P1 | a | `holds the lock once` |', '| P2 | b | `refreshes once for %s tabs` |', '| P3 | c | `row 1: one request` |', '| P4 | d | `group › rows › row 1: one request`, `group › holds the lock once` |');
    expect(violations(markdown, titles, passed)).toEqual([expect.stringContaining('(P2): "refreshes once for %s tabs" did not run')]);
  });

  it('an invariant of the simulation is one it can fail with', () => {
    const known = invariantsOf({ path: 'a.ts', code: `if (late) fail('S1', 'too many'); throw new Error('S2');` });
    expect(violations(table('| S1 | One. | `simulation › S1` |'), known)).toEqual([]);
    expect(violations(table('| S2 | One. | `simulation › S2` |'), known)).toHaveLength(1);
    expect(violations(table('| S1 | One. | `simulation › S1` |'), known, new Set())).toEqual([expect.stringContaining('did not run and pass')]);
  });

  it('a cell may hold an escaped bar', () => {
    expect(rowsOf(table(String.raw`| P1 | a \| b | ${'`x`'} |`))).toEqual([{ line: 5, id: 'P1', text: String.raw`a \| b`, tests: ['x'] }]);
  });
});
