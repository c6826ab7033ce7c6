/**
 * Structured logs: one JSON object a line, from what the endpoint says about itself.
 *
 *     {"time":"…","level":"info","event":"refresh","attempt":"9f86d081","outcome":"rotated","status":200,"ms":4,"client":"web","sid":"…"}
 *
 * `attempt` is the same in the events of the browser half, so one refresh can be followed through both.
 */
import { systemClock, type ServerClock } from '../clock.js';
import type { EndpointEvent, Observe } from '../observe.js';

/** Where the lines go. */
export interface LogOptions {
  /** Takes one line without its line break. Default: standard output, faults included. */
  write?: (line: string) => void;
  clock?: ServerClock;
}

/** A listener for the option `observe` of `createEndpoint`. */
export function createLog({ write = standardOutput, clock = systemClock() }: LogOptions = {}): Observe {
  return (event) => {
    // Streams come and go all day; how many there are is a metric.
    if (event.type === 'stream') return;
    const { type, ...said } = event;
    write(JSON.stringify({ time: new Date(clock.now()).toISOString(), level: levelOf(event), event: type, ...said }));
  };
}

function standardOutput(line: string): void {
  // oxlint-disable-next-line no-console -- standard output is where a service's log goes
  console.log(line);
}

function levelOf(event: EndpointEvent): 'info' | 'warn' | 'error' {
  if (event.type === 'fault') return 'error';
  if (event.type === 'reuse') return 'warn';
  return (event.type === 'refresh' || event.type === 'refused') && event.status >= 500 ? 'error' : 'info';
}
