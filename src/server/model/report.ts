/** Runs the model and prints what it found: `npm run model`, bundled by scripts/model.mjs. */
import { runs } from './runs.js';

/** The clock and the output are the caller's. Returns the number of runs that did not go as they must. */
export function reportModel(now: () => number, print: (line: string) => void, only: 'suite' | 'all' = 'all'): number {
  let wrong = 0;
  const totals = { states: 0, steps: 0 };
  for (const run of runs) {
    if (only === 'suite' && run.size === 'long') continue;
    const started = now();
    const { states, transitions, depth, exhaustive, finding } = run.run();
    const asExpected = run.expects === 'holds' ? exhaustive && finding === null : finding !== null;
    if (!asExpected) wrong += 1;
    totals.states += states;
    totals.steps += transitions;
    const verdict = finding !== null ? 'counterexample' : exhaustive ? 'holds, exhaustive' : 'cut off: proves nothing';
    const seconds = ((now() - started) / 1000).toFixed(1);
    print(`${asExpected ? 'ok   ' : 'WRONG'} ${run.name}`);
    print(`        ${verdict} · ${states.toLocaleString('en')} states, ${transitions.toLocaleString('en')} steps, depth ${depth}, ${seconds} s`);
    if (finding !== null) for (const line of traceLines(finding.violation, finding.trace)) print(`        ${line}`);
  }
  print(`${totals.states.toLocaleString('en')} states and ${totals.steps.toLocaleString('en')} steps in all; ${wrong === 0 ? 'every run went as it must' : `${wrong} run(s) did not`}.`);
  return wrong;
}

/** A trace with its ticks folded: `+3` is three units later. */
export function traceLines(violation: string, trace: readonly string[]): string[] {
  const lines: string[] = [];
  let waited = 0;
  for (const step of trace) {
    if (step === '— one unit passes —') waited += 1;
    else {
      lines.push(`${waited > 0 ? `+${waited}` : ''}`.padEnd(4) + step);
      waited = 0;
    }
  }
  return [...lines, `${waited > 0 ? `+${waited}` : ''}`.padEnd(4) + `⇒ ${violation}`];
}
