/**
 * A browser origin in virtual time: any number of contexts, one cookie jar, one server, and every
 * fault a browser knows, replayable from a seed.
 */
import type { ContextKind } from '../contract/wire.js';
import type { Message } from '../core/messages.js';
import type { Ports } from '../core/ports.js';
import { calm, type Conditions } from './conditions.js';
import { createCookieJar, type CookieJar } from './cookie-jar.js';
import { createPrng, type Prng } from './prng.js';
import { createScheduler } from './scheduler.js';
import { createVirtualChannels, type VirtualChannels } from './virtual-channel.js';
import { createVirtualClock } from './virtual-clock.js';
import { createVirtualContext, type ContextControl, type ContextOptions, type VirtualContext } from './virtual-context.js';
import { createVirtualLedger, type VirtualLedger } from './virtual-ledger.js';
import { createVirtualLocks, type VirtualLocks } from './virtual-locks.js';
import { createVirtualNetwork, type NetworkFault, type VirtualRequest, type VirtualServer } from './virtual-network.js';
import { createVitality } from './vitality.js';

/** Where virtual time starts, in epoch ms. */
export const VIRTUAL_EPOCH = 1_800_000_000_000;

/** Seed, engine and server of a virtual origin. */
export interface VirtualOriginOptions {
  /** The same seed, the same run. Default 1. */
  seed?: number;
  server: VirtualServer;
  conditions?: Partial<Conditions>;
  /** Asked once per request. */
  fault?: (request: VirtualRequest) => NetworkFault | undefined;
}

/** What contexts of one storage partition share. */
interface Partition {
  locks: VirtualLocks;
  channels: VirtualChannels;
  ledger: VirtualLedger;
}

/** The origin: its contexts, its clock, its network, its faults. */
export interface VirtualOrigin {
  /** May be changed at any time. */
  readonly conditions: Conditions;
  readonly jar: CookieJar;
  /** For the schedule of a test; independent of the draws of the platform. */
  readonly prng: Prng;
  /** Every request that reached the server, resent ones twice. */
  readonly requests: readonly VirtualRequest[];
  /** Every message posted, with its sender. */
  readonly messages: readonly { from: string; message: Message }[];
  /** Every `signIn`. */
  readonly logins: readonly { context: string; returnTo: string }[];
  readonly contexts: readonly VirtualContext[];
  server: VirtualServer;
  fault: ((request: VirtualRequest) => NetworkFault | undefined) | undefined;
  context(kind?: ContextKind, options?: ContextOptions): VirtualContext;
  ledger(partition?: string): Pick<VirtualLedger, 'peek' | 'set'>;
  lock(name: string, partition?: string): { held: boolean; pending: number };
  /** A message from some other script of the origin. */
  inject(data: unknown, partition?: string): void;
  offline(): void;
  online(): void;
  /** The machine's wall clock is set by this much; timers and monotonic clocks notice nothing. */
  jumpWall(ms: number): void;
  /** The machine sleeps: wall clock and server go on, timers and monotonic clocks stand still. */
  sleep(ms: number): void;
  /** The whole browser is killed: every context crashes, what was not on disk is gone. */
  killBrowser(): void;
  /** Ms of virtual time since the start. */
  now(): number;
  /** The server's clock, epoch ms. */
  serverNow(): number;
  /** Runs the next due thing and drains microtasks; false when nothing is left to happen. */
  step(): Promise<boolean>;
  /** Runs everything due within `ms`, then lets time be there. */
  advance(ms: number): Promise<void>;
  /** Steps until `condition` holds; false when it does not within `ms`. */
  until(condition: () => boolean, ms?: number): Promise<boolean>;
  /** Drains microtasks without moving time. */
  settle(): Promise<void>;
  /** Work that needs real time (WebCrypto, a database): `step` and `settle` wait for it. */
  external<T>(work: Promise<T>): Promise<T>;
}

/** An origin of virtual contexts on one seeded scheduler. */
export const createVirtualOrigin = (options: VirtualOriginOptions): VirtualOrigin => {
  const scheduler = createScheduler();
  const seeds = createPrng(options.seed ?? 1);
  const platform = seeds.fork();
  const conditions: Conditions = { ...calm(), ...options.conditions };
  const jar = createCookieJar(scheduler.now, () => conditions.flushDelay);
  const requests: VirtualRequest[] = [];
  const messages: { from: string; message: Message }[] = [];
  const logins: { context: string; returnTo: string }[] = [];
  const controls: ContextControl[] = [];
  const partitions = new Map<string, Partition>();
  let wallOffset = 0;
  let slept = 0;
  let offline = false;
  let kills = 0;

  const machine = { wall: () => VIRTUAL_EPOCH + scheduler.now() + wallOffset, slept: () => slept };
  const serverNow = (): number => VIRTUAL_EPOCH + scheduler.now();
  const names = new WeakMap<object, string>();

  const partitionNamed = (name: string): Partition => {
    let partition = partitions.get(name);
    if (!partition) {
      partition = {
        locks: createVirtualLocks(scheduler, platform, conditions),
        channels: createVirtualChannels(scheduler, platform, conditions, (owner, message) =>
          messages.push({ from: names.get(owner) ?? '', message: structuredClone(message) }),
        ),
        ledger: createVirtualLedger(scheduler, platform, conditions),
      };
      partitions.set(name, partition);
    }
    return partition;
  };

  const network = createVirtualNetwork({
    conditions,
    scheduler,
    prng: platform,
    jar,
    offline: () => offline,
    kills: () => kills,
    serverNow,
    server: () => origin.server,
    fault: (request) => origin.fault?.(request),
    onRequest: (request) => requests.push(request),
  });

  const open = (kind: ContextKind, contextOptions: ContextOptions): VirtualContext => {
    const name = `${kind}-${controls.length + 1}`;
    const { locks, channels, ledger } = partitionNamed(contextOptions.partition ?? '');
    const vitality = createVitality(scheduler, () => conditions.engine !== 'webkit');
    names.set(vitality, name);
    const isDocument = kind === 'page' || kind === 'iframe';
    const routes = network.endpointFor({ name, kind, vitality, cookies: contextOptions.crossSite !== true });
    const control = createVirtualContext({
      name,
      kind,
      options: contextOptions,
      vitality,
      ports: (lifecycle, throttle): Ports => ({
        clock: createVirtualClock(scheduler, machine, vitality, throttle),
        random: seeds.fork(),
        locks: locks.managerFor(vitality),
        channel: channels.channelFor(vitality),
        ledger: ledger.ledgerFor(vitality),
        endpoint: contextOptions.bare
          ? { refresh: routes.refresh }
          : {
              ...routes,
              signIn: (returnTo) => () => void logins.push({ context: name, returnTo }),
              hint: () => (isDocument && contextOptions.crossSite !== true ? jar.hint() : undefined),
            },
        lifecycle,
      }),
      beforeCache() {
        if (!isDocument) return false;
        if (conditions.engine === 'firefox' && locks.involves(vitality)) return false;
        if (conditions.engine === 'webkit') locks.drop(vitality, true);
        return true;
      },
    });
    controls.push(control);
    return control.context;
  };

  const running = (): ContextControl[] => controls.filter(({ context }) => context.state === 'running');

  const origin: VirtualOrigin = {
    conditions,
    jar,
    prng: seeds.fork(),
    requests,
    messages,
    logins,
    get contexts() {
      return controls.map(({ context }) => context);
    },
    server: options.server,
    fault: options.fault,
    context: (kind = 'page', contextOptions = {}) => open(kind, contextOptions),
    ledger: (partition = '') => partitionNamed(partition).ledger,
    lock: (name, partition = '') => partitionNamed(partition).locks.holders(name),
    inject: (data, partition = '') => partitionNamed(partition).channels.inject(data),
    offline() {
      offline = true;
    },
    online() {
      if (!offline) return;
      offline = false;
      for (const { dispatch } of running()) dispatch('online');
    },
    jumpWall(ms) {
      wallOffset += ms;
    },
    sleep(ms) {
      slept += ms;
      scheduler.sleep(ms);
    },
    killBrowser() {
      for (const { context } of controls) context.crash();
      kills += 1;
      jar.revert();
      for (const { ledger } of partitions.values()) ledger.revert();
    },
    now: scheduler.now,
    serverNow,
    step: () => scheduler.step(),
    async advance(ms) {
      const end = scheduler.now() + ms;
      await scheduler.settle();
      while (await scheduler.step(end));
      scheduler.leap(end);
    },
    async until(condition, ms = 120_000) {
      const end = scheduler.now() + ms;
      await scheduler.settle();
      while (!condition())
        if (!(await scheduler.step(end))) {
          scheduler.leap(end);
          return condition();
        }
      return true;
    },
    settle: scheduler.settle,
    external: scheduler.external,
  };
  return origin;
};
