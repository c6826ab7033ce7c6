/** Plays one schedule: opens the tabs, does what it says, ends every fault, and sees whether everybody is served. */
import { keyOf } from '../core/grant.js';
import { calm } from '../testing/index.js';
import type { Backend } from './backend.js';
import { checkAll, checkBudget, checkLeak, checkThefts, NEWS_MS, Violation } from './invariants.js';
import { createModelBackend } from './model-backend.js';
import type { Gap, Schedule } from './schedule.js';
import { createStrictBackend } from './strict-backend.js';
import type { Tab } from './tab.js';
import type { Verb } from './verb-names.js';
import { verbs } from './verbs.js';
import { activate, createWorld, running, type World } from './world.js';

export interface Played {
  /** The invariant that broke, and how; absent when all held. */
  broken?: { invariant: string; message: string; at: number };
  fired: ReadonlyMap<Verb, number>;
  steps: number;
  requests: number;
}

/** Longest wait for a request that is to be struck. */
const AMBUSH_MS = 70_000;
const MOST_STEPS = 60_000;
const LOOKED_AFTER_MS = 12_000;

const backendFor = ({ level, life }: Schedule): Backend =>
  level === 'full' ? createModelBackend(life * 1000) : createStrictBackend(level === 'fenced', life * 1000);

/** A backend, or how to make one for whom the origin is there already. */
type AnyBackend = Backend | ((external: <T>(work: Promise<T>) => Promise<T>) => Backend);

export const play = async (schedule: Schedule, given: AnyBackend = backendFor(schedule), trace?: (line: string) => void): Promise<Played> => {
  const backend = typeof given === 'function' ? given((work) => world.origin.external(work)) : given;
  const sids = new Map<string, string>();
  let steps = 0;
  let broken: Violation | undefined;
  /** What is found in the middle of the platform's own work is kept, or the session would catch it. */
  const guard = (check: () => void): void => {
    try {
      if (!broken) check();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      broken = error;
    }
  };
  const world = createWorld(schedule, backend, {
    leak: (where, value) => guard(() => checkLeak(where, value)),
    leaves(tab) {
      tab.context.close();
      // The document that comes back asks the endpoint, whoever is there.
      world.budget.allow();
      void world.signIn('cleo').then(() => world.open('page'));
    },
    missed: (tab, { type }) => void (tab.missedNews ||= type === 'SESSION_ENDED' || type === 'SESSION_STARTED'),
    event: (tab, name, event) => trace?.(`${at()} ${tab.context.name} ${name} ${JSON.stringify(event)}`),
    sent: ({ context, route, call, cookie }, fault) => trace?.(`${at()} ${context} sends ${route} ${JSON.stringify({ ...call, cookie, fault })}`),
    answered(_, request, answer) {
      trace?.(`${at()} the server answers ${request.context} ${JSON.stringify(answer)}`);
      guard(() => {
        checkThefts(world);
        checkBudget(world, request.route === 'refresh' ? keyOf(request.call) : '|');
      });
    },
  });
  const { origin } = world;
  const at = (): string => `${(origin.now() / 1000).toFixed(3)} s`;

  const until = (condition: () => boolean, ms: number): Promise<boolean> =>
    origin.until(() => {
      guard(() => {
        if (++steps > MOST_STEPS) throw new Violation('S4', `more than ${MOST_STEPS} steps: something goes round in circles`);
        checkAll(world, sids);
      });
      return !!broken || condition();
    }, ms);

  const wait = async (gap: Gap): Promise<void> => {
    if (typeof gap === 'number') return void (await until(() => false, gap));
    const { sentAt } = world;
    const heard = origin.requests.length;
    await until(() => (gap === 'flight' ? world.sentAt > sentAt : origin.requests.length > heard), AMBUSH_MS);
  };

  if (schedule.signedIn) {
    world.budget.allow();
    await world.signIn('ann');
  }
  for (const kind of schedule.tabs) world.open(kind);
  for (const { gap, verb, who, arg } of schedule.actions) {
    await wait(gap);
    if (broken) break;
    trace?.(`${at()} ── ${verb} ${who} ${arg}`);
    await verbs[verb](world, who, arg);
  }
  if (!broken) await finale(world, until, guard, () => trace?.(`${at()} ── all faults are over`));
  for (const tab of world.tabs) tab.session.dispose();
  return {
    ...(broken ? { broken: { invariant: broken.invariant, message: broken.message, at: origin.now() } } : {}),
    fired: world.fired,
    steps,
    requests: world.budget.requests,
  };
};

/** S4, and that no fault leaves anything behind: when all faults are over, every tab is served or told why not. */
const finale = async (
  world: World,
  until: (condition: () => boolean, ms: number) => Promise<boolean>,
  guard: (check: () => void) => void,
  begin: () => void,
): Promise<void> => {
  const { origin } = world;
  begin();
  world.weather.clear();
  world.ambushes.length = 0;
  Object.assign(origin.conditions, calm(), { engine: world.schedule.engine });
  origin.online();
  for (const tab of world.living()) {
    if (!running(tab)) {
      tab.runningSince = origin.now();
      tab.context.thaw();
      tab.context.restore();
    }
    activate(world, tab);
  }
  const settled = (): boolean => world.tabs.every((tab) => !running(tab) || tab.calls.every(({ end }) => end));
  await until(settled, 35_000);
  // The longest cooldown that a schedule can cause, a settle, and a lost cookie presented again.
  await until(() => false, 75_000);
  const asked: { tab: Tab; call: ReturnType<Tab['call']> }[] = [];
  for (const tab of world.living()) if (tab.kind !== 'foreign') asked.push({ tab, call: tab.call('the last getToken', () => tab.session.getToken()) });
  await until(settled, 35_000);
  // Who has heard of a sign-out only from the ledger, and just now, says it to the server within two retries.
  if (world.signedOut.size) await until(() => false, LOOKED_AFTER_MS);
  guard(() => {
    for (const { tab, call } of asked) judge(world, tab, call);
    checkServer(world);
  });
};

const judge = (world: World, tab: Tab, call: ReturnType<Tab['call']>): void => {
  if (!running(tab)) return;
  const { name } = tab.context;
  if (!call.end) throw new Violation('S4', `the last getToken of ${name} was never answered`);
  const live = world.live();
  // Who had asked before the session was heard of may have been given the token of the one before it.
  const announced = live && (world.announced.get(live.id) ?? Infinity) + NEWS_MS < call.since;
  const lost = world.schedule.level !== 'full' && world.unsafe !== undefined;
  if (!live || lost) {
    if (call.end === 'answered' && !live && !lost && world.backend.tokenOf(call.result!)?.session === undefined) throw new Violation('S5', `${name} got a token of nobody`);
    return;
  }
  if (call.end === 'answered') {
    const token = world.backend.tokenOf(call.result!);
    if (token?.session !== live.id && announced && !world.amnesia && !tab.missedNews) throw new Violation('P3', `${name} got a token of ${token?.session}, but ${live.id} is signed in`);
  } else if (!tab.missedNews && !world.amnesia && !world.signedOut.size && announced)
    throw new Violation('S4', `${name} got ${call.result} instead of a token of ${live.id}; it says ${tab.core.state.status}`);
};

/** A sign-out reached the server, too, when anybody was left to say it. */
const checkServer = (world: World): void => {
  if (!world.signedOut.size || world.amnesia || !world.living().some((tab) => running(tab) && tab.kind !== 'foreign')) return;
  // What a lesser backend answers to a logout is not known, so a captive portal's 200 cannot be told from it.
  if (world.schedule.level !== 'full' && world.fired.has('portal')) return;
  for (const session of world.backend.sessions())
    if (world.signedOut.has(session.id) && !session.over && ((world.schedule.level === 'full' && !world.fired.has('kill')) || world.live() === session)) throw new Violation('S5', `the server still takes ${session.id} for signed in`);
};
