/**
 * npm run proof [-- --only <words of a guard>]
 *
 * Switches the guards of the protocol off, one by one, and runs the fast tests against each mutated copy: at least one has to
 * fail. A guard that nothing misses is either no guard, or one without a test. The sources are changed on their way into the
 * test runner, never on disk. Fails, too, when a guard cannot be found in the source, and when the tests fail as they are.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { guards } from '../proof/guards.mjs';
import { switchOff } from '../proof/switch-off.mjs';
import { argumentsOf } from './arguments.mjs';
import { root } from './steps.mjs';

const LEAST = 20;
const MINUTES = 2;
const scratch = join(root, '.tmp', `proof-${process.pid}`);

/** Runs some of the fast tests; `failed` names the first test that did, or says that nothing ended. */
function test(index, files) {
  const report = join(scratch, `${index ?? 'none'}.json`);
  return new Promise((done) => {
    const child = spawn(
      process.execPath,
      [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', 'proof/vitest.config.mjs', '--reporter=json', `--outputFile=${report}`, ...files],
      { cwd: root, stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...(index === undefined ? {} : { TABATON_PROOF: String(index) }) } },
    );
    let words = '';
    child.stderr.on('data', (chunk) => (words += chunk));
    const timer = setTimeout(() => child.kill('SIGKILL'), MINUTES * 60_000);
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      // A run that hangs fails no test: it proves nothing.
      if (signal) return done({ broken: `no end within ${MINUTES} min` });
      let results;
      try {
        results = JSON.parse(readFileSync(report, 'utf8')).testResults;
      } catch {
        return done({ broken: words.trim() || `vitest ended with ${code}` });
      }
      for (const { name, assertionResults, message } of results) {
        const one = assertionResults.find(({ status }) => status === 'failed');
        if (one) return done({ failed: one.fullName, file: name.replace(`${root}/`, '') });
        if (!assertionResults.length && message) return done({ broken: `${name}: ${message}` });
      }
      // A rejection that nobody handles fails the run without failing a test.
      done(code === 0 ? {} : { failed: '(an error outside of any test)', file: '' });
    });
  });
}

/** Only tests of what a guard belongs to: a test of something else that fails would prove nothing. */
const NEAR = { core: ['src/core/', 'src/simulation/'], browser: ['src/browser/'], clients: ['src/core/', 'src/clients/'], worker: ['src/worker/'] };

async function prove(index) {
  const { file, tests = [] } = guards[index];
  const first = tests.length ? await test(index, tests) : {};
  return first.failed || first.broken ? first : test(index, NEAR[file.split('/')[1]]);
}

async function main() {
  const { only = '' } = argumentsOf('npm run proof [-- --only <words of a guard>]', { only: { type: 'string' } });
  const chosen = guards.map((_, index) => index).filter((index) => `${guards[index].guard} ${guards[index].file}`.includes(only));
  if (!chosen.length) return console.error(`No guard of proof/guards.mjs is called "${only}".`), false;
  let missing = 0;
  for (const index of chosen) {
    try {
      switchOff(guards[index], readFileSync(join(root, guards[index].file), 'utf8'));
    } catch (error) {
      missing++;
      console.error(error.message);
    }
  }
  if (missing) return false;
  if (guards.length < LEAST) return console.error(`Only ${guards.length} guards; ${LEAST} is the least.`), false;

  mkdirSync(scratch, { recursive: true });
  const started = performance.now();
  const as = await test(undefined, []);
  if (as.failed || as.broken) return console.error(`The tests fail as they are: ${as.failed ?? as.broken}`), false;

  const queue = [...chosen];
  let unproved = 0;
  const lane = async () => {
    for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
      const { guard, file } = guards[index];
      const { failed, broken, file: where } = await prove(index);
      if (!failed) unproved++;
      console.log(`${failed ? 'missed by ' : 'NOT MISSED'}  ${guard.padEnd(58)} ${file.replace('src/', '').padEnd(26)} ${failed ? `${where.replace('src/', '')} › ${failed}` : (broken ?? '')}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, lane));
  console.log(`proof: ${chosen.length - unproved} of ${chosen.length} guards are missed when they are off, ${Math.round((performance.now() - started) / 1000)} s`);
  return unproved === 0;
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
