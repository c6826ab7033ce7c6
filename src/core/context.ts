/** What one context knows and who listens to it. Small on purpose: this much every page loads. */
import { isFresh, isValid, type Grant } from './grant.js';
import type { Cancel, Ports } from './ports.js';
import { initial, reduce, snapshotOf, type State, type StateEvent } from './state.js';
import type { CoreOptions, EventName, ProblemCode, SessionEvents, Snapshot } from './types.js';

export interface Context {
  readonly ports: Ports;
  readonly options: CoreOptions;
  state: State;
  snapshot: Snapshot;
  disposed: boolean;
  dispatch(event: StateEvent, detail?: { from?: 'endpoint' | 'channel'; by?: SessionEvents['started']['by'] }): void;
  emit<Name extends EventName>(name: Name, event: Omit<SessionEvents[Name], 'at'>): void;
  /** Said once per code. */
  problem(code: ProblemCode, message: string): void;
  on(name: EventName, listener: (event: never) => void): Cancel;
  /** For user interfaces: called when the snapshot is another one. */
  subscribe(listener: () => void): Cancel;
  /** For the protocol: called after every change of state. */
  watch(listener: () => void): Cancel;
  /** Looks again: something outside the state (the network, a timer) has changed. */
  wake(): void;
  valid(key: string): Grant | undefined;
  fresh(key: string, minTtl: number): Grant | undefined;
}

const add = <T>(set: Set<T>, item: T): Cancel => {
  set.add(item);
  return () => void set.delete(item);
};

export const createContext = (ports: Ports, options: CoreOptions): Context => {
  const { clock } = ports;
  const reported = new Set<ProblemCode>();
  const listeners = new Map<EventName, Set<(event: never) => void>>();
  const subscribers = new Set<() => void>();
  const watchers = new Set<() => void>();

  /** A listener that throws is its own problem; it must not take the session with it. */
  const call = (run: () => void, complain = true) => {
    try {
      run();
    } catch (error) {
      if (complain) context.problem('listener_threw', `A listener of the session threw ${error instanceof Error ? error.name : 'something'}: catch errors inside listeners.`);
    }
  };
  // One that was disposed hears of no sign-out any more: what it holds may long be over.
  const held = (key: string): Grant | undefined => (context.state.status === 'active' && !context.disposed ? context.state.grants[key] : undefined);

  const context: Context = {
    ports,
    options,
    state: initial,
    snapshot: snapshotOf(initial),
    disposed: false,
    dispatch(event, { from = 'channel', by = 'other' } = {}) {
      const { state: before, snapshot: seen } = context;
      const state = (context.state = reduce(before, event));
      if (state === before) return;
      context.snapshot = snapshotOf(state, seen);
      context.wake();
      if (event.type === 'granted') {
        const { sid, generation, lifetime, wall, remaining } = event.grant;
        if (sid !== before.sid || before.status !== 'active') context.emit('started', { sid, by });
        context.emit('token', { sid, generation, expiresAt: lifetime ? Math.round(wall + remaining) : undefined, from });
      }
      if (state.status === 'ended' && before.status !== 'ended') context.emit('ended', { sid: state.sid ?? '', reason: state.reason! });
      if (context.snapshot !== seen && !context.disposed) for (const run of [...subscribers]) call(run);
    },
    emit(name, event) {
      if (context.disposed) return;
      const full = { ...event, at: clock.wall() } as never;
      for (const run of [...(listeners.get(name) ?? [])]) call(() => run(full), name !== 'problem');
    },
    problem(code, message) {
      if (reported.has(code)) return;
      reported.add(code);
      context.emit('problem', { code, message });
    },
    on(name, listener) {
      let set = listeners.get(name);
      if (!set) listeners.set(name, (set = new Set()));
      return add(set, listener);
    },
    subscribe: (listener) => add(subscribers, listener),
    watch: (listener) => add(watchers, listener),
    wake() {
      for (const run of [...watchers]) run();
    },
    valid(key) {
      const grant = held(key);
      return isValid(grant, clock, options) ? grant : undefined;
    },
    fresh(key, minTtl) {
      const grant = held(key);
      return grant?.token && isFresh(grant, clock, options, minTtl) ? grant : undefined;
    },
  };
  return context;
};
