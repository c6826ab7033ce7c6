/** One run's world: a virtual origin, its backend, the tabs, and a count of everything that was done to them. */
import { keyOf } from '../core/grant.js';
import { createVirtualOrigin, type NetworkFault, type VirtualOrigin, type VirtualRequest, type VirtualResponse } from '../testing/index.js';
import type { Backend, SessionTruth } from './backend.js';
import { createBudget, type Budget } from './budget.js';
import type { Schedule, TabKind, Who } from './schedule.js';
import { ledgerKnows, openTab, type Tab, type TabWatch } from './tab.js';
import { isFault, type Verb } from './verb-names.js';
import { createWeather, type Weather } from './weather.js';

/** A fault that waits for the next request. */
interface Ambush {
  verb: Verb;
  fault: NetworkFault;
}

export interface World {
  readonly schedule: Schedule;
  readonly origin: VirtualOrigin;
  readonly backend: Backend;
  readonly weather: Weather;
  readonly budget: Budget;
  readonly tabs: readonly Tab[];
  readonly fired: Map<Verb, number>;
  readonly ambushes: Ambush[];
  /** Ids of sessions that somebody signed out of, as the browser knows them: when it took effect (virtual ms), and where. */
  readonly signedOut: Map<string, { at: number; by: Tab }>;
  /** Keys that a session was asked for. */
  readonly asked: Set<string>;
  /** Sessions of the server of which some tab has held a token, and since when (virtual ms): before that only the login page knows. */
  readonly announced: Map<string, number>;
  /** A sign-out was asked for, whether or not it took effect. */
  signOutAsked: boolean;
  offline: boolean;
  /** Why a backend that knows nothing of us may have ended the session by now. */
  unsafe: string | undefined;
  /** The ledger has forgotten something. */
  amnesia: boolean;
  /** The wall clock was set, and the machine slept: together they hide the age of a token. */
  readonly timeTravel: { jumped: boolean; slept: boolean };
  sentAt: number;
  holder: string | undefined;
  open(kind: TabKind): Tab | undefined;
  living(): Tab[];
  pick(who: Who, fits: (tab: Tab) => boolean): Tab | undefined;
  /** Counts a verb that really did something; a fault pays for one request. */
  fire(verb: Verb): void;
  signIn(sub: string): Promise<Record<string, unknown> | undefined>;
  /** The session the jar would be taken for now. */
  live(): SessionTruth | undefined;
}

export interface WorldWatch extends TabWatch {
  /** The server has answered, whether or not anybody hears it. */
  answered(world: World, request: VirtualRequest, answer: VirtualResponse): void;
  sent(request: VirtualRequest, fault: NetworkFault | undefined): void;
}

const MOST_TABS = 6;
/** A request sent this recently may still be somewhere (D, and a little). */
const UNDER_WAY_MS = 11_000;

export const underWay = (world: World): boolean => world.origin.now() - world.sentAt < UNDER_WAY_MS;
export const running = (tab: Tab): boolean => tab.context.state === 'running';

/** A page that was prerendered begins to run only now. */
export const activate = (world: World, tab: Tab): void => {
  if (!tab.context.ports.lifecycle.active()) {
    tab.runningSince = tab.bornAt = world.origin.now();
    tab.known = ledgerKnows(world.origin);
  }
  tab.context.activate();
};

export const createWorld = (schedule: Schedule, backend: Backend, watch: WorldWatch): World => {
  const tabs: Tab[] = [];
  const fired = new Map<Verb, number>();
  const ambushes: Ambush[] = [];
  const budget = createBudget();

  const origin = createVirtualOrigin({
    seed: schedule.seed,
    conditions: { engine: schedule.engine },
    server: (request, now) => {
      const response = backend.serve(request, now);
      const note = (answer: Awaited<typeof response>): typeof answer => {
        const { access_token: text } = (answer.json ?? {}) as { access_token?: string };
        const token = text === undefined ? undefined : backend.tokenOf(text);
        if (token && !counted.has(text!)) budget.minted(token);
        if (text !== undefined) counted.add(text);
        else if (request.route === 'refresh') budget.allow();
        watch.answered(world, request, answer);
        return answer;
      };
      return response instanceof Promise ? response.then(note) : note(response);
    },
    fault: (request) => {
      if (request.route === 'refresh') {
        world.sentAt = origin.now();
        world.holder = request.context;
        if (request.call.reason !== 'settle') budget.sent(keyOf(request.call));
      }
      const ambush = ambushes.shift();
      watch.sent(request, ambush?.fault);
      if (!ambush) return undefined;
      world.fire(ambush.verb);
      if (!['loseRequest', 'sick', 'limited', 'portal'].includes(ambush.verb)) world.unsafe ??= ambush.verb;
      return ambush.fault;
    },
  });
  const counted = new Set<string>();
  const weather = createWeather(origin.now, origin.prng.fork(), (kind) => world.fire(kind));

  const world: World = {
    schedule,
    origin,
    backend,
    weather,
    budget,
    tabs,
    fired,
    ambushes,
    signedOut: new Map(),
    asked: new Set(),
    announced: new Map(),
    signOutAsked: false,
    offline: false,
    unsafe: undefined,
    amnesia: false,
    timeTravel: { jumped: false, slept: false },
    sentAt: -Infinity,
    holder: undefined,
    open(kind) {
      if (world.living().length >= MOST_TABS) return undefined;
      // A document that finds nobody to ask may ask the endpoint; one that finds a token may not.
      if (!tabs.some((tab) => running(tab) && tab.kind !== 'foreign' && tab.session.peek())) budget.allow();
      const tab = openTab(origin, kind, schedule.level, schedule.native, weather, watch);
      tabs.push(tab);
      return tab;
    },
    living: () => tabs.filter(({ context }) => context.state !== 'dead'),
    pick(who, fits) {
      const living = world.living().filter(fits);
      return who === 'holder' ? living.find(({ context }) => context.name === world.holder) : living[who % living.length];
    },
    fire(verb) {
      fired.set(verb, (fired.get(verb) ?? 0) + 1);
      if (isFault(verb)) budget.allow();
    },
    async signIn(sub) {
      // A refresh may be under way, or leave before the others hear of it: its late cookie takes the place of the new one.
      if (backend.sessions().length) world.unsafe ??= 'a login';
      const { cookies, grant } = await backend.login(sub, origin.jar.header(), origin.serverNow());
      for (const cookie of cookies) origin.jar.accept(cookie);
      const token = typeof grant?.access_token === 'string' ? backend.tokenOf(grant.access_token) : undefined;
      if (token) budget.minted(token);
      if (token) counted.add(grant!.access_token as string);
      return grant;
    },
    live() {
      const session = backend.presented(origin.jar.header());
      return session?.over ? undefined : session;
    },
  };
  return world;
};
