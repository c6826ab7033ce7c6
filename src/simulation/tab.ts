/** One virtual tab with a session in it, and what was asked of it. */
import type { Context } from '../core/context.js';
import { defaults } from '../core/defaults.js';
import type { Grant } from '../core/grant.js';
import { preloaded } from '../core/preloaded.js';
import { createCoreSession } from '../core/session.js';
import type { State } from '../core/state.js';
import type { CoreSession, EventName, SessionEvents } from '../core/types.js';
import type { VirtualContext, VirtualOrigin } from '../testing/index.js';
import type { BackendLevel, TabKind } from './schedule.js';
import type { Weather } from './weather.js';

/** Something a caller waits for. */
export interface Call {
  readonly what: string;
  /** Virtual ms. */
  readonly since: number;
  end?: 'answered' | 'refused';
  /** A token, or an error code. */
  result?: string;
}

export interface Tab {
  readonly kind: TabKind;
  readonly context: VirtualContext;
  readonly session: CoreSession;
  readonly core: Context;
  readonly calls: Call[];
  /** The last state that was examined. */
  seen: State;
  /** Newest grant ever held per key, and the last one of each. */
  readonly newest: Map<string, Grant>;
  /** Virtual ms at which it began to run the last time. */
  runningSince: number;
  /** When it was opened or, prerendered, shown. */
  bornAt: number;
  /** The ledger said then that somebody is signed in. */
  known: boolean;
  /** When the tokens it holds became others. */
  heldSince: number;
  /** It was not told that a session began or ended: a disturbed channel. */
  missedNews: boolean;
  call(what: string, run: () => Promise<unknown>): Call;
}

export interface TabWatch {
  /** A string that may have leaked, and where it was found. */
  leak(where: string, value: unknown): void;
  /** The browser leaves for the login page, and comes back as somebody. */
  leaves(tab: Tab): void;
  missed(tab: Tab, message: { type?: string }): void;
  event<Name extends EventName>(tab: Tab, name: Name, event: SessionEvents[Name]): void;
}

const EVENTS: EventName[] = ['started', 'token', 'refresh', 'degraded', 'stalled', 'rejected', 'ended', 'role', 'overtake', 'problem'];

const ENDPOINT = 'https://app.test/auth';

/** The ledger remembers a login. */
export const ledgerKnows = (origin: VirtualOrigin): boolean => !!(origin.ledger().peek() as { hint?: boolean } | undefined)?.hint;

export const openTab = (origin: VirtualOrigin, kind: TabKind, level: BackendLevel, native: boolean, weather: Weather, watch: TabWatch): Tab => {
  const context = origin.context(kind === 'worker' ? 'worker' : kind === 'iframe' || kind === 'foreign' ? 'iframe' : 'page', {
    ...(kind === 'foreign' ? { crossSite: true } : {}),
    ...(kind === 'prerender' ? { prerendering: true } : {}),
  });
  const { clock, channel, ledger, endpoint } = context.ports;
  const ports = {
    ...context.ports,
    endpoint: { ...endpoint, signIn: () => () => watch.leaves(tab) },
    channel: weather.channel(channel, clock, native, {
      posted: (message) => (message as { type: string }).type === 'TOKEN' && native ? undefined : watch.leak('a message', message),
      missed: (message) => watch.missed(tab, message as { type?: string }),
    }),
    ledger: weather.ledger(ledger, clock, (stored) => watch.leak('the ledger', stored)),
  };
  // Where no marker can be read (a backend that sets none, a worker), the ledger has to know, or each document asks.
  const known = ledgerKnows(origin);
  const { session, context: core } = createCoreSession(ports, { ...defaults, start: known || (level === 'full' && kind !== 'worker') ? 'hint' : 'eager' }, ENDPOINT, preloaded);
  const tab: Tab = {
    kind,
    context,
    session,
    core,
    calls: [],
    seen: core.state,
    newest: new Map(),
    runningSince: origin.now(),
    bornAt: origin.now(),
    heldSince: origin.now(),
    known,
    missedNews: false,
    call(what, run) {
      const call: Call = { what, since: origin.now() };
      tab.calls.push(call);
      run().then(
        (result) => Object.assign(call, { end: 'answered', result }),
        (error: { code?: string; message?: string }) => {
          watch.leak(`the error of ${what}`, error.message);
          Object.assign(call, { end: 'refused', result: error.code ?? String(error) });
        },
      );
      return call;
    },
  };
  for (const name of EVENTS)
    session.on(name, (event) => {
      watch.leak(`the event ${name}`, event);
      watch.event(tab, name, event);
    });
  return tab;
};
