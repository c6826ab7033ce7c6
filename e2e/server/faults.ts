/** What can go wrong between a browser and a backend. Each fault handles one request; a plan says which request gets which. */
import { type Barrier, gate } from './barrier.js';
import type { Exchange } from './exchange.js';
import type { Entry, Route } from './journal.js';

export type Fault = (x: Exchange) => Promise<void>;
export type When = 'before' | 'after';

const none: Fault = async (x) => x.send(await x.act());

/** Waits at a barrier before or after the backend has acted. */
export function hold(when: When): { fault: Fault; barrier: Barrier<Entry> } {
  const barrier = gate<Entry>();
  const fault: Fault = async (x) => {
    if (when === 'after') await x.act();
    await barrier.pass(x.entry);
    await x.send(await x.act());
  };
  return { fault, barrier };
}

/** A server that takes its time. */
export function slow(ms: number): Fault {
  return async (x) => {
    await new Promise((done) => setTimeout(done, ms));
    await x.send(await x.act());
  };
}

/** The socket dies: `before` the backend knows of the request, or `after` it has acted. */
export function cut(when: When): Fault {
  return async (x) => {
    if (when === 'after') await x.act();
    x.cut();
  };
}

/** The socket stays open and nothing ever comes. */
export function silence(when: When): Fault {
  return async (x) => {
    if (when === 'after') await x.act();
    await x.gone;
  };
}

/** Headers and cookie arrive, the body comes byte by byte and never ends. */
export const dribble: Fault = async (x) => x.dribble(await x.act(), () => new Promise((next) => setTimeout(next, 250)));

/** Something in between answers; the backend never hears of the request. */
export function answer(status: number, headers: Record<string, string>, body: string): Fault {
  return (x) => x.send(new Response(status === 204 ? null : body, { status, headers }));
}

export const json = (status: number, body: unknown, headers: Record<string, string> = {}): Fault =>
  answer(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers }, JSON.stringify(body));

export const html = (status: number, body: string): Fault => answer(status, { 'content-type': 'text/html; charset=utf-8' }, body);

/** Faults per route: one-shot ones in order, then the standing one. */
export interface Plan {
  next(route: Route, ...faults: Fault[]): void;
  always(route: Route, fault: Fault): void;
  heal(route?: Route): void;
  /** The next request of this route waits at the returned barrier. */
  hold(route: Route, when: When): Barrier<Entry>;
  take(route: Route): Fault;
}

export function plan(): Plan {
  const queue = new Map<Route, Fault[]>();
  const standing = new Map<Route, Fault>();
  const next = (route: Route, ...faults: Fault[]): void => {
    queue.set(route, [...(queue.get(route) ?? []), ...faults]);
  };
  return {
    next,
    always: (route, fault) => void standing.set(route, fault),
    heal(route) {
      for (const map of [queue, standing]) {
        if (route) map.delete(route);
        else map.clear();
      }
    },
    hold(route, when) {
      const { fault, barrier } = hold(when);
      next(route, fault);
      return barrier;
    },
    take: (route) => queue.get(route)?.shift() ?? standing.get(route) ?? none,
  };
}
