/**
 * CI's last step: adds up `.tmp/reports/*.json` and prints the one closing line. Skipped tests count as failed (nothing
 * is skipped quietly), and so does each planned step that left no report.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { argumentsOf } from './arguments.mjs';
import { isMain } from './main.mjs';
import { checkSteps, testSteps } from './plan.mjs';
import { reports } from './steps.mjs';

/** @returns {{ passed: number, failed: number, remarks: string[] }} */
export function tally(folder, expected) {
  const sum = { passed: 0, failed: 0, remarks: [] };
  const seen = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.json')) : [];
  for (const file of seen) {
    const count = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    sum.passed += count.passed;
    sum.failed += count.failed + count.skipped;
    if (count.failed || count.skipped) sum.remarks.push(`${file.replace('.json', '')}: ${count.failed} failed, ${count.skipped} skipped (counted as failed)`);
  }
  for (const name of expected.filter((step) => !seen.includes(`${step}.json`))) {
    sum.failed += 1;
    sum.remarks.push(`${name}: left no report (counted as failed)`);
  }
  return sum;
}

if (isMain(import.meta)) {
  argumentsOf('node scripts/tally.mjs');
  const planned = ['install', ...testSteps.map((step) => step.name), ...checkSteps.map((step) => step.name)];
  const { passed, failed, remarks } = tally(reports, planned);
  for (const remark of remarks) console.log(remark);
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed || !passed ? 1 : 0);
}
