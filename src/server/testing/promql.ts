/**
 * As much of PromQL as the alert rules use, over synthetic series: sum, increase with a window and an offset, label
 * matchers, arithmetic, comparison, `and`, `or`. Anything else is an error, never a silent no.
 * @see https://prometheus.io/docs/prometheus/latest/querying/basics/
 */
import { duration } from './rules-file.js';

/** The value of one counter at a time in milliseconds; `undefined` before it existed. */
export interface Series {
  name: string;
  labels?: Readonly<Record<string, string>>;
  at(time: number): number | undefined;
}

/** `undefined` is an empty result: a comparison that does not hold, a division by zero, a sum over nothing. */
export type Result = number | undefined;

/** @param scrapeMs How often the series are scraped. */
export function evaluate(expr: string, series: readonly Series[], time: number, scrapeMs = 15_000): Result {
  const tokens = expr.match(/"[^"]*"|=~|!~|!=|>=|<=|[a-z_][a-z0-9_]*|\d+(?:\.\d+)?[smhd]?|[()[\]{},=<>+\-*/]/gi) ?? [];
  if (tokens.join('') !== expr.replace(/\s+(?=(?:[^"]*"[^"]*")*[^"]*$)/g, '')) throw new Error(`Not understood: ${expr}`);
  let next = 0;
  const peek = () => tokens[next];
  const take = (wanted?: string): string => {
    const token = tokens[next++];
    if (token === undefined || (wanted !== undefined && token !== wanted)) throw new Error(`Expected ${wanted ?? 'more'}, found ${token} in: ${expr}`);
    return token;
  };
  const result = either();
  if (next < tokens.length) throw new Error(`Left over: ${tokens.slice(next).join(' ')}`);
  return result;

  function either(): Result {
    let left = both();
    while (peek() === 'or') {
      take();
      const right = both();
      left = left ?? right;
    }
    return left;
  }
  function both(): Result {
    let left = compared();
    while (peek() === 'and') {
      take();
      const right = compared();
      left = right === undefined ? undefined : left;
    }
    return left;
  }
  function compared(): Result {
    const left = terms();
    const sign = peek();
    if (sign !== '>' && sign !== '<') return left;
    take();
    const right = terms();
    if (left === undefined || right === undefined) return undefined;
    return (sign === '>' ? left > right : left < right) ? left : undefined;
  }
  function terms(): Result {
    let left = factors();
    for (let sign = peek(); sign === '+' || sign === '-'; sign = peek()) {
      take();
      left = compute(left, sign, factors());
    }
    return left;
  }
  function factors(): Result {
    let left = atom();
    for (let sign = peek(); sign === '*' || sign === '/'; sign = peek()) {
      take();
      left = compute(left, sign, atom());
    }
    return left;
  }
  function atom(): Result {
    const token = take();
    if (/^\d/.test(token)) return Number(token);
    if (token === '(') {
      const inner = either();
      take(')');
      return inner;
    }
    if (token !== 'sum') throw new Error(`Not understood: ${token}`);
    take('(');
    take('increase');
    take('(');
    const found = selected();
    take('[');
    const window = duration(take());
    take(']');
    let end = time;
    if (peek() === 'offset') {
      take();
      end -= duration(take());
    }
    take(')');
    take(')');
    const increases = found.map((one) => increase(one, end, window, scrapeMs)).filter((value) => value !== undefined);
    return increases.length === 0 ? undefined : increases.reduce((sum, value) => sum + value, 0);
  }
  function selected(): Series[] {
    const name = take();
    const matchers: ((labels: Readonly<Record<string, string>>) => boolean)[] = [];
    if (peek() === '{') {
      take();
      while (peek() !== '}') {
        const label = take();
        const sign = take();
        const value = take().slice(1, -1);
        const pattern = new RegExp(`^(?:${value})$`);
        matchers.push((labels) => {
          const found = labels[label] ?? '';
          return sign === '=' ? found === value : sign === '!=' ? found !== value : pattern.test(found) === (sign === '=~');
        });
        if (peek() === ',') take();
      }
      take('}');
    }
    return series.filter((one) => one.name === name && matchers.every((matches) => matches(one.labels ?? {})));
  }
}

function compute(left: Result, sign: string, right: Result): Result {
  if (left === undefined || right === undefined) return undefined;
  const value = sign === '+' ? left + right : sign === '-' ? left - right : sign === '*' ? left * right : left / right;
  // A comparison with NaN does not hold.
  return Number.isNaN(value) ? undefined : value;
}

/** Over the scrapes of the window, which is open at its left, extrapolated to its ends; a counter that falls has been restarted. */
function increase({ at }: Series, end: number, window: number, scrapeMs: number): Result {
  const samples: [time: number, value: number][] = [];
  for (let time = (Math.floor((end - window) / scrapeMs) + 1) * scrapeMs; time <= end; time += scrapeMs) {
    const value = at(time);
    if (value !== undefined) samples.push([time, value]);
  }
  if (samples.length < 2) return undefined;
  let grown = 0;
  for (let index = 1; index < samples.length; index += 1) {
    const before = samples[index - 1]![1];
    const value = samples[index]![1];
    grown += value >= before ? value - before : value;
  }
  return (grown * window) / (samples.at(-1)![0] - samples[0]![0]);
}
