/** Medians of alternated runs, with their spread: a figure means something only beside its peer of the same run. */
export interface Sample {
  median: number;
  /** Lowest and highest run. */
  low: number;
  high: number;
}

export const sample = (runs: number[]): Sample => {
  const sorted = runs.toSorted((a, b) => a - b);
  return { median: sorted[sorted.length >> 1]!, low: sorted[0]!, high: sorted.at(-1)! };
};

export const show = ({ median, low, high }: Sample, unit: string, digits = 2): string =>
  `${median.toFixed(digits)} ${unit} (${low.toFixed(digits)}–${high.toFixed(digits)})`;

/** One line per figure, so that `npm run bench` can be read and kept. */
export const report = (what: string, figure: string, limit: string, holds: boolean): void => {
  process.stdout.write(`\n${holds ? 'holds ' : 'MISSED'}  ${what}: ${figure}; limit ${limit}\n`);
};
