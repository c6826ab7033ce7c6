/**
 * npm run bench [-- name…]: each figure beside its peer in the same run, as a ratio.
 * Without a name the browser benches run, `*.bench.ts` of this folder; `server` names the other.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const names = process.argv.slice(2);
const run = (command, args) => spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status ?? 1;

if (names[0] === 'server') process.exit(run(process.execPath, ['bench/server.mjs', ...names.slice(1)]));
const benches = readdirSync(new URL('.', import.meta.url)).flatMap((file) => (file.endsWith('.bench.ts') ? file.slice(0, -'.bench.ts'.length) : []));
const unknown = names.find((name) => !benches.includes(name));
if (unknown !== undefined) {
  console.error(`There is no bench "${unknown}": there are ${benches.join(', ')}, and server.`);
  process.exit(2);
}
process.exit(run(process.execPath, ['scripts/build.mjs']) || run('npx', ['playwright', 'test', '-c', 'bench/playwright.config.ts', ...names]));
