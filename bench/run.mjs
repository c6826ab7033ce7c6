/**
 * npm run bench [-- name…]: each figure beside its peer in the same run, as a ratio.
 * Without a name the browser benches run; `server` and `worker` name the others.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const names = process.argv.slice(2);
const run = (command, args) => spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status ?? 1;

if (names[0] === 'server') process.exit(run(process.execPath, ['bench/server.mjs', ...names.slice(1)]));
process.exit(run(process.execPath, ['scripts/build.mjs']) || run('npx', ['playwright', 'test', '-c', 'bench/playwright.config.ts', ...names]));
