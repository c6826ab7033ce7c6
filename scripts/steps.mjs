/**
 * Runs the steps of a command one after the other, each with a deadline, never stopping at the first failure, and writes
 * what each counted to `.tmp/reports/<step>.json`. `scripts/tally.mjs` adds them up. A step that hangs, dies or writes no
 * count is one failure, so nothing can pass by not having run.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(fileURLToPath(new URL('..', import.meta.url)));
export const reports = process.env.TABATON_REPORTS ?? join(root, '.tmp', 'reports');

/**
 * @typedef {{ passed: number, failed: number, skipped: number }} Count
 * @typedef {{ name: string, command: string[], minutes: number, count?: () => Count, env?: Record<string, string> }} Step
 * @param {Step[]} steps @returns {Promise<boolean>} whether everything passed
 */
export async function runSteps(steps) {
  mkdirSync(reports, { recursive: true });
  let ok = true;
  for (const step of steps) {
    rmSync(join(reports, `${step.name}.json`), { force: true });
    console.log(`\n── ${step.name}: ${step.command.join(' ')}`);
    const started = performance.now();
    const status = await execute(step);
    const count = countOf(step, status);
    const seconds = Math.round((performance.now() - started) / 1000);
    record(step.name, count);
    const skipped = count.skipped ? `, ${count.skipped} skipped` : '';
    console.log(`── ${step.name}: ${count.passed} passed, ${count.failed} failed${skipped} (${seconds} s)`);
    ok &&= count.failed === 0 && count.skipped === 0;
  }
  return ok;
}

/** A failing exit status outweighs a clean count, and a count that cannot be read is a failure. */
export function countOf(step, status) {
  const bare = { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
  if (!step.count) return bare;
  let count;
  try {
    count = step.count();
  } catch (error) {
    console.log(`── ${step.name}: no readable result (${error instanceof Error ? error.message : error})`);
    return { ...bare, passed: 0, failed: 1 };
  }
  if (status !== 0 && count.failed === 0) return { ...count, failed: 1 };
  if (count.passed + count.failed === 0) return { ...count, failed: 1 };
  return count;
}

export function record(name, count) {
  mkdirSync(reports, { recursive: true });
  writeFileSync(join(reports, `${name}.json`), JSON.stringify(count));
}

/** Vitest's JSON report. A file that failed to load has no tests of its own: it counts as one failure. */
export function vitestCount(file) {
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const broken = report.testResults.filter((result) => result.status === 'failed' && !result.assertionResults.some((test) => test.status === 'failed'));
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** Playwright's JSON report. A test that passed only on a retry is a failure. */
export function playwrightCount(file) {
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const { expected, unexpected, flaky, skipped } = report.stats;
  return { passed: expected, failed: unexpected + flaky + (unexpected ? 0 : report.errors.length), skipped };
}

/**
 * Milliseconds a step may take. CI sets TABATON_DEADLINE (epoch seconds): a run that is cut off from outside prints no closing
 * line at all, so what is left of the time is shared out here.
 */
export function allowance(minutes, now = Date.now(), deadline = process.env.TABATON_DEADLINE) {
  const own = minutes * 60_000;
  return deadline ? Math.max(1_000, Math.min(own, Number(deadline) * 1_000 - now)) : own;
}

function execute({ command, minutes, env, name }) {
  return new Promise((done) => {
    const [file, ...args] = command;
    const child = spawn(file, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...env }, detached: true });
    const stop = (signal) => {
      try {
        process.kill(-child.pid, signal);
      } catch {
        // The group is gone already.
      }
    };
    const interrupted = () => {
      stop('SIGTERM');
      process.exit(130);
    };
    process.once('SIGINT', interrupted);
    process.once('SIGTERM', interrupted);
    const allowed = allowance(minutes);
    const timer = setTimeout(() => {
      console.log(`── ${name}: still running after ${(allowed / 60_000).toFixed(1)} min, stopped`);
      stop('SIGTERM');
      setTimeout(() => stop('SIGKILL'), 5_000).unref();
    }, allowed);
    const end = (status) => {
      clearTimeout(timer);
      process.off('SIGINT', interrupted);
      process.off('SIGTERM', interrupted);
      done(status);
    };
    child.on('error', (error) => {
      console.log(`── ${name}: ${error.message}`);
      end(1);
    });
    child.on('exit', (code) => end(code ?? 1));
  });
}

