/** What each word of a schedule does. A verb that finds nobody to do it to does nothing, and does not count. */
import type { NetworkFault } from '../testing/index.js';
import type { TabKind } from './schedule.js';
import type { Tab } from './tab.js';
import type { Verb } from './verb-names.js';
import { activate, running, underWay, type World } from './world.js';
import type { Who } from './schedule.js';

export type Perform = (world: World, who: Who, arg: number) => void | Promise<void>;

const KINDS: TabKind[] = ['page', 'page', 'iframe', 'worker', 'foreign', 'prerender'];
const TARGETS = [{}, { scope: 'mail read' }, { resource: 'https://files.test' }];

/** Does it to a tab in the right state, and counts it. */
const toTab =
  (verb: Verb, fits: (tab: Tab) => boolean, run: (tab: Tab, world: World, arg: number) => void): Perform =>
  (world, who, arg) => {
    const tab = world.pick(who, fits);
    if (!tab) return;
    run(tab, world, arg);
    world.fire(verb);
  };

/** A keepalive request dies with a worker, but not with a page. */
const mortal = (tab: Tab, world: World): void => {
  if (tab.kind === 'worker' && underWay(world)) world.unsafe ??= 'a worker that died with its request';
};
const isDocument = ({ kind }: Tab): boolean => kind !== 'worker';
const halted = ({ context: { state } }: Tab): boolean => state === 'frozen' || state === 'stopped';

const ask = (tab: Tab, world: World, arg: number): void => {
  const target = world.schedule.level === 'full' ? TARGETS[arg % TARGETS.length]! : TARGETS[0]!;
  const { scope = '', resource = '' } = target as { scope?: string; resource?: string };
  // Each session has to be asked once for each key; the default one came with it.
  const key = `${scope}|${resource}`;
  const once = `${world.live()?.id} ${key}`;
  if (key !== '|' && !world.asked.has(once)) world.budget.allow(key);
  world.asked.add(once);
  tab.call(`getToken(${key})`, () => tab.session.getToken(target));
};
const wake = (tab: Tab, world: World): void => void (tab.runningSince = world.origin.now());

const lieInWait =
  (verb: Verb, fault: (arg: number) => NetworkFault): Perform =>
  (world, _, arg) =>
    void world.ambushes.push({ verb, fault: fault(arg) });

const disturb =
  (kind: 'lossy' | 'double' | 'slow' | 'ledgerFails'): Perform =>
  (world, _, arg) => {
    world.weather.until[kind] = world.origin.now() + 4_000 * (1 + (arg % 4));
    if (kind === 'ledgerFails') world.unsafe ??= kind;
  };

const forget =
  (verb: 'forget' | 'corrupt', value: unknown): Perform =>
  (world) => {
    if (world.origin.ledger().peek() === undefined) return;
    world.origin.ledger().set(value);
    world.unsafe ??= verb;
    world.amnesia = true;
    world.fire(verb);
  };

export const verbs: Record<Verb, Perform> = {
  get: toTab('get', running, ask),
  burst(world) {
    for (const tab of world.living().filter(running)) ask(tab, world, 0);
    world.fire('burst');
  },
  noWait: toTab('noWait', running, (tab) => void tab.call('getToken(wait: false)', () => tab.session.getToken({ wait: false }))),
  open(world, _, arg) {
    if (world.open(KINDS[arg % KINDS.length]!)) world.fire('open');
  },
  hide: toTab('hide', (tab) => isDocument(tab) && running(tab) && tab.context.visible, ({ context }) => context.hide()),
  show: toTab('show', (tab) => isDocument(tab) && running(tab) && !tab.context.visible, (tab, world) => {
    if (tab.kind === 'prerender') world.budget.allow();
    activate(world, tab);
    tab.context.show();
  }),
  rest: (world) => world.fire('rest'),

  async signIn(world, who, arg) {
    const tab = world.pick(who, (one) => running(one) && one.context.ports.lifecycle.active());
    // Nobody signs in without the server.
    if (!tab || world.offline) return;
    world.fire('signIn');
    if (arg % 3 === 2 && isDocument(tab)) return void tab.call('signIn', () => tab.session.signIn());
    const grant = await world.signIn(arg % 2 ? 'ben' : 'ann');
    if (arg % 3 === 1 && grant) tab.call('start(grant)', () => tab.session.start(grant));
    else {
      world.budget.allow();
      tab.call('start', () => tab.session.start());
    }
  },
  signOut: toTab('signOut', (tab) => running(tab) && tab.context.ports.lifecycle.active(), (tab, world) => {
    world.signOutAsked = true;
    if (underWay(world)) world.unsafe ??= 'a sign-out while a refresh was under way';
    tab.call('signOut', () => tab.session.signOut());
  }),
  async revoke(world) {
    if (!world.live()) return;
    await world.backend.revoke(world.origin.serverNow());
    world.fire('revoke');
  },
  force: toTab('force', running, (tab, world) => {
    world.budget.allow('|');
    tab.call('refresh(force)', () => tab.session.refresh({ reason: 'force' }));
  }),
  unauthorized: toTab('unauthorized', (tab) => running(tab) && !!tab.session.peek(), (tab, world) => {
    world.budget.allow('|');
    const rejected = tab.session.peek()!;
    tab.call('refresh(unauthorized)', () => tab.session.refresh({ reason: 'unauthorized', rejected }));
  }),
  picky: toTab('picky', running, (tab, world) => {
    world.budget.allow('|');
    tab.call('getToken(minTtl)', () => tab.session.getToken({ minTtl: 25_000 }));
  }),

  close: toTab('close', () => true, (tab, world) => (mortal(tab, world), tab.context.close())),
  crash: toTab('crash', () => true, (tab, world) => (mortal(tab, world), tab.context.crash())),
  freeze: toTab('freeze', running, ({ context }) => context.freeze()),
  stop: toTab('stop', running, ({ context }, world) => {
    // A message that waits in a stopped process ages by the wall clock alone.
    world.timeTravel.slept = true;
    context.stop();
  }),
  thaw: toTab('thaw', halted, (tab, world) => (wake(tab, world), tab.context.thaw())),
  cache: toTab('cache', (tab) => isDocument(tab) && running(tab), ({ context }) => context.cache()),
  restore: toTab('restore', ({ context }) => context.state === 'cached', (tab, world) => (wake(tab, world), void tab.context.restore())),
  kill(world, _, arg) {
    if (!world.living().length) return;
    world.unsafe ??= 'kill';
    world.origin.killBrowser();
    world.fire('kill');
    for (let left = 1 + (arg % 2); left; left--) world.open('page');
  },

  offline(world) {
    if (underWay(world)) world.unsafe ??= 'offline';
    world.offline = true;
    world.origin.offline();
    world.fire('offline');
  },
  online(world) {
    world.offline = false;
    world.origin.online();
    world.fire('online');
  },
  sick: lieInWait('sick', (arg) => ({ instead: { status: [500, 502, 503, 504, 408, 425][arg % 6]!, json: {} } })),
  limited: lieInWait('limited', (arg) => ({ instead: { status: 429, json: {}, retryAfter: [2_000, 20_000][arg % 2]! } })),
  portal: lieInWait('portal', (arg) => ({ instead: { status: [200, 403, 302][arg % 3]!, note: 'HTML instead of JSON' } })),
  loseRequest: lieInWait('loseRequest', () => 'lose_request'),
  loseReply: lieInWait('loseReply', () => 'lose_reply'),
  hang: lieInWait('hang', () => 'hang'),
  resend: lieInWait('resend', () => 'resend'),
  delay: lieInWait('delay', (arg) => ({ delay: [300, 4_000, 9_000][arg % 3]! })),

  jump(world, _, arg) {
    if (underWay(world)) world.unsafe ??= 'jump';
    world.origin.jumpWall([7_200_000, -7_200_000, 60_000, -60_000][arg % 4]!);
    world.timeTravel.jumped = true;
    world.fire('jump');
  },
  sleep(world, _, arg) {
    if (underWay(world)) world.unsafe ??= 'sleep';
    world.origin.sleep([43_200_000, 90_000, 20_000][arg % 3]!);
    world.timeTravel.slept = true;
    // Nobody's timer ran meanwhile.
    for (const tab of world.living()) wake(tab, world);
    world.fire('sleep');
  },
  forget: forget('forget', undefined),
  corrupt: forget('corrupt', { schema: 'x', tokens: [1, { a: null }], hold: 7 }),
  ledgerFails: disturb('ledgerFails'),
  lossy: disturb('lossy'),
  double: disturb('double'),
  slow: disturb('slow'),
  slowLocks(world, _, arg) {
    world.origin.conditions.grantDelay = [0.2, 400 * (1 + (arg % 4))];
    world.fire('slowLocks');
  },
};
