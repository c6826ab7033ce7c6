/** Counters, a gauge and a histogram as Prometheus reads them. @see https://prometheus.io/docs/instrumenting/exposition_formats/ */

export interface Metric {
  text(): string;
}

type Labels = Readonly<Record<string, readonly string[]>>;
type Values<L extends Labels> = { readonly [Name in keyof L]: L[Name][number] };

export interface Counter<L extends Labels> extends Metric {
  add(labels: Values<L>, by?: number): void;
}

/**
 * Every series of the closed label sets is there from the start, at 0: an increase from nothing is invisible to
 * `increase()`. A value outside its set is not counted at all: label sets must not grow by what clients send.
 */
export function counter<const L extends Labels>(name: string, help: string, labels: L): Counter<L> {
  const series = new Map<string, number>(combinations(Object.entries(labels)).map((key) => [key, 0]));
  const names = Object.keys(labels);
  return {
    add(values, by = 1) {
      const key = names.map((label) => `${label}="${(values as Record<string, string>)[label]}"`).join(',');
      const before = series.get(key);
      if (before !== undefined) series.set(key, before + by);
    },
    text: () => head(name, help, 'counter') + [...series].map(([key, value]) => `${name}${key && `{${key}}`} ${value}\n`).join(''),
  };
}

export interface Gauge extends Metric {
  add(by: number): void;
}

export function gauge(name: string, help: string): Gauge {
  let current = 0;
  return {
    add: (by) => void (current += by),
    text: () => `${head(name, help, 'gauge')}${name} ${current}\n`,
  };
}

export interface Histogram extends Metric {
  /** Seconds. */
  record(value: number): void;
}

export function histogram(name: string, help: string, bounds: readonly number[]): Histogram {
  const counts = bounds.map(() => 0);
  let count = 0;
  let sum = 0;
  return {
    record(value) {
      count += 1;
      sum += value;
      for (const [index, bound] of bounds.entries()) if (value <= bound) counts[index]! += 1;
    },
    text: () =>
      head(name, help, 'histogram') +
      bounds.map((bound, index) => `${name}_bucket{le="${bound}"} ${counts[index]}\n`).join('') +
      `${name}_bucket{le="+Inf"} ${count}\n${name}_sum ${sum}\n${name}_count ${count}\n`,
  };
}

const head = (name: string, help: string, type: string): string => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;

function combinations([first, ...rest]: [string, readonly string[]][]): string[] {
  if (!first) return [''];
  const [name, values] = first;
  return values.flatMap((value) => combinations(rest).map((tail) => `${name}="${value}"${tail && `,${tail}`}`));
}
