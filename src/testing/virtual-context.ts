/** One tab, iframe or worker of a virtual origin: its ports, and what may happen to it. */
import type { ContextKind } from '../contract/wire.js';
import type { Lifecycle, LifecycleEvent, Ports } from '../core/ports.js';
import type { ContextState, Vitality } from './vitality.js';

/** What kind of context to open. */
export interface ContextOptions {
  /** Pages and iframes are visible unless told otherwise; workers never are. */
  visible?: boolean;
  /** A frame with a cross-site ancestor: it neither sends nor receives the cookie. */
  crossSite?: boolean;
  /** Does nothing until `activate()`. */
  prerendering?: boolean;
  /** Another storage partition: locks, channel and ledger of its own; the cookie is shared. */
  partition?: string;
  /** Has neither a logout nor a login route, like many an existing backend. */
  bare?: boolean;
}

/** A tab, iframe or worker that a test can freeze, crash, close and bring back. */
export interface VirtualContext {
  readonly name: string;
  readonly kind: ContextKind;
  readonly ports: Ports;
  readonly state: ContextState;
  readonly visible: boolean;
  show(): void;
  hide(): void;
  /** Ends a prerender. */
  activate(): void;
  /** The process dies: no event, its locks free themselves some 25 ms later, its request goes on. */
  crash(): void;
  /** The tab is closed: `suspend` first, then as a crash. */
  close(): void;
  /** Timers, lock grants and answers stand still; messages are heard. */
  freeze(): void;
  /** The process stands still (SIGSTOP, a suspended phone): no event, nothing runs, messages wait. */
  stop(): void;
  /** Ends `freeze` or `stop`. */
  thaw(): void;
  /** Into the back/forward cache. Some engines refuse (then the context is dead): look at `state`. */
  cache(): void;
  /** Back from it. False when it was evicted meanwhile: a person would see a reload, so open a new context. */
  restore(): boolean;
  /** Timers fire only at multiples of this many ms (hidden pages: 60 000); 0 ends it. */
  throttle(ms: number): void;
}

export interface ContextParts {
  name: string;
  kind: ContextKind;
  options: ContextOptions;
  vitality: Vitality;
  ports: (lifecycle: Lifecycle, throttle: () => number) => Ports;
  /** What the engine does to the locks of a page it is about to cache; false: it will not cache it. */
  beforeCache: () => boolean;
}

export interface ContextControl {
  context: VirtualContext;
  dispatch(event: LifecycleEvent): void;
}

export const createVirtualContext = ({ name, kind, options, vitality, ports, beforeCache }: ContextParts): ContextControl => {
  const isDocument = kind === 'page' || kind === 'iframe';
  const listeners = new Set<(event: LifecycleEvent) => void>();
  let visible = isDocument && options.visible !== false && !options.prerendering;
  let active = !options.prerendering;
  let throttle = 0;

  const dispatch = (event: LifecycleEvent): void => {
    if (vitality.state() === 'running') for (const listener of [...listeners]) listener(event);
  };
  const setVisible = (next: boolean): void => {
    if (!isDocument || visible === next) return;
    visible = next;
    dispatch(next ? 'visible' : 'hidden');
  };
  const lifecycle: Lifecycle = {
    kind,
    visible: () => visible,
    active: () => active,
    crossSite: options.crossSite === true,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const built = ports(lifecycle, () => throttle);

  const context: VirtualContext = {
    name,
    kind,
    ports: built,
    get state() {
      return vitality.state();
    },
    get visible() {
      return visible;
    },
    show: () => setVisible(true),
    hide: () => setVisible(false),
    activate() {
      if (active) return;
      active = true;
      visible = isDocument;
      dispatch('resume');
    },
    crash: () => vitality.die(),
    close() {
      dispatch('suspend');
      vitality.die();
    },
    freeze() {
      dispatch('suspend');
      vitality.halt('frozen');
    },
    stop: () => vitality.halt('stopped'),
    thaw() {
      const told = vitality.state() === 'frozen';
      if (!told && vitality.state() !== 'stopped') return;
      vitality.wake();
      if (told) dispatch('resume');
    },
    cache() {
      if (vitality.state() !== 'running') return;
      dispatch('suspend');
      setVisible(false);
      if (beforeCache()) vitality.halt('cached');
      else vitality.die();
    },
    restore() {
      if (vitality.state() !== 'cached') return false;
      vitality.wake();
      setVisible(true);
      dispatch('resume');
      return true;
    },
    throttle(ms) {
      throttle = ms;
    },
  };
  return { context, dispatch };
};
