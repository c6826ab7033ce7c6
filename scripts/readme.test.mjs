/** The README against the package: its code (and the guides') compiles, its commands exist, its tables are complete. Its sizes: `npm run size`. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { entries } from './entries.mjs';
import { parse, walk } from './imports.mjs';
import { root } from './steps.mjs';

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const work = join(root, '.tmp', `readme-${process.pid}`);
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** What the examples take from the reader's own application. */
const READERS_OWN = `
declare global {
  function showSignIn(reason?: string): void;
  function showReconnecting(): void;
  function checkPassword(body: unknown): Promise<{ sub: string } | null>;
  const username: string;
  const password: string;
  const expect: (typeof import('vitest'))['expect'];
}
export {};
`;

/** Type-checks the blocks as files of an application, with the package's names bound to its source. @returns {string} */
function compile(blocks) {
  mkdirSync(work, { recursive: true });
  blocks.forEach((code, index) => writeFileSync(join(work, `block${index}.ts`), `${code}\nexport {};\n`));
  writeFileSync(join(work, 'own.d.ts'), READERS_OWN);
  const paths = Object.fromEntries(entries.filter((entry) => entry.kind === 'module').map((entry) => [`tabaton${entry.export.slice(1)}`, [join(root, entry.source)]]));
  const compilerOptions = { paths, noEmit: true, skipLibCheck: true, noUnusedLocals: false };
  writeFileSync(join(work, 'tsconfig.json'), JSON.stringify({ extends: '../../tsconfig.json', compilerOptions, include: ['*.ts'] }));
  const { stdout } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', work], { encoding: 'utf8' });
  // What is wrong inside src is the type-check's to say.
  return stdout.split('\n').filter((line) => line.includes('block')).join('\n');
}

/** Names of a type's members, or of a union's literals. */
function members(path, name) {
  const found = [];
  walk(parse(path, readFileSync(join(root, path), 'utf8')), (node) => {
    if (node.type === 'TSInterfaceDeclaration' && node.id.name === name) found.push(...node.body.body.map((member) => member.key?.name).filter(Boolean));
    if (node.type === 'TSTypeAliasDeclaration' && node.id.name === name)
      walk(node.typeAnnotation, (inner) => inner.type === 'TSLiteralType' && found.push(inner.literal.value));
  });
  return found;
}

const section = (title) => readme.split(`\n## ${title}\n`)[1].split('\n## ')[0];

describe('README', () => {
  it('its code compiles, and that of the guides', () => {
    const guides = readdirSync(join(root, 'docs')).filter((file) => file.endsWith('.md')).map((file) => readFileSync(join(root, 'docs', file), 'utf8'));
    const blocks = [readme, ...guides].flatMap((text) => [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code));
    expect(blocks.length).toBeGreaterThan(4);
    expect(compile(blocks)).toBe('');
  }, 60_000);

  it('code that does not compile is found', () => {
    expect(compile([`import { createSession } from 'tabaton';\ncreateSession({ endpont: 1 });`])).toMatch(/endpont/);
  }, 60_000);

  it('shows its start in 15 lines', () => {
    const [, code] = /```ts\n([\s\S]*?)```/.exec(section('Start'));
    expect(code.trimEnd().split('\n').length).toBeLessThanOrEqual(15);
  });

  it('starts its endpoint on SQLite in 15 lines, and shows the one that moves to Redis', () => {
    const [, endpoint, redis] = [...section('Start').matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code);
    expect(endpoint.trimEnd().split('\n').length).toBeLessThanOrEqual(15);
    expect(endpoint).toMatch(/^ {2}store: sqliteStore\(/m);
    expect(redis.split('\n').filter((line) => line && !line.startsWith('import'))).toEqual([expect.stringContaining('store = redisStore(')]);
  });

  it('its commands exist, and each command of the package is in it', () => {
    const named = new Set([...readme.matchAll(/npm (?:run )?([a-z0-9:]+)/g)].map(([, name]) => name).filter((name) => name !== 'install' && name !== 'ci'));
    expect([...named].toSorted()).toEqual(Object.keys(manifest.scripts).toSorted());
  });

  it.each(Object.entries(manifest.scripts))('npm run %s starts a file that exists', (_name, command) => {
    const file = /^node (\S+)/.exec(command)?.[1];
    const tool = /^(\w+)/.exec(command)[1];
    expect(existsSync(join(root, file ?? `node_modules/.bin/${tool}`)), command).toBe(true);
  });

  it('knows both README commands of a fresh clone', () => {
    expect(readme).toContain('npm install && npm run demo');
    expect(readme).toContain('npm install && npm test');
  });

  it('lists every door, and no other', () => {
    const doors = [...section('The doors').matchAll(/^\| `(tabaton[^`]*)`/gm)].map(([, name]) => name);
    expect(doors.toSorted()).toEqual(entries.filter((entry) => entry.export).map((entry) => `tabaton${entry.export.slice(1)}`).toSorted());
  });

  it('lists every option, method, event and error code, and no other option', () => {
    const text = section('The session');
    const options = members('src/browser/options.ts', 'SessionOptions');
    const table = text.split('| option |')[1].split('\n\n')[0];
    expect([...table.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name).toSorted()).toEqual(options.toSorted());
    const wanted = {
      method: [...members('src/core/types.ts', 'CoreSession'), ...members('src/index.ts', 'Session')].map((name) => (name === 'worker' ? '`worker.register(' : `\`${name}(`)),
      event: members('src/core/types.ts', 'SessionEvents').map((name) => `\`${name}\``),
      field: members('src/core/types.ts', 'Snapshot').map((name) => `\`${name}\``),
      code: members('src/core/errors.ts', 'ErrorCode').map((name) => `\`${name}\``),
    };
    for (const [kind, names] of Object.entries(wanted)) {
      expect(names.length, kind).toBeGreaterThan(5);
      expect(names.filter((name) => !text.includes(name)), kind).toEqual([]);
    }
  });

  it('every file it points at is in the repository', () => {
    const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n');
    expect([...readme.matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, link]) => link).filter((link) => !tracked.includes(link))).toEqual([]);
  });
});
