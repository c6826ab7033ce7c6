import { randomUUID } from 'node:crypto';
import type { Hello, LogLine, Tally } from '../contract.js';
import { protectedApi } from './api.js';
import { type Backend, onRedis, onSqlite } from './backend.js';
import { type Clock, systemClock } from './clock.js';
import { type Actions, controlRoutes } from './control.js';
import { eachRoutes } from './each.js';
import { Faults } from './faults.js';
import { fileRoutes } from './files.js';
import { IssuedTokens } from './issued.js';
import { ServerLog } from './log.js';
import { StrictEndpoint } from './strict.js';
import { LogStream } from './stream.js';
import { TallyBook } from './tally.js';
import { togetherRoutes } from './together.js';
import { type Handler, WebServer } from './web.js';

export interface DemoOptions {
  /** Port of the page; 0 (default) takes a free one. */
  port?: number;
  /** Folder of the built page. */
  page: string;
  /** Runs the right stage's endpoint in this many processes that share a Redis. Default: in this process, on SQLite. */
  nodes?: number;
  /** The built node, for `nodes`. */
  nodeFile?: string;
  /** Access token lifetime on both stages in ms. Default 10 000. */
  lifetime?: number;
  /** Ms between a refresh endpoint's decision and its reply, the same on both stages. Default 400. */
  latency?: number;
  clock?: Clock;
}

export interface Demo {
  /** Open this. */
  readonly url: string;
  /** What the right stage runs on, in words. */
  readonly about: string;
  log(): readonly LogLine[];
  tallies(): Tally[];
  /** What the page's buttons do, for tests: `demo.actions.hold()`. */
  readonly actions: Actions;
  close(): Promise<void>;
}

/** Starts everything the demo needs in this process, on loopback. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const { clock = systemClock, lifetime = 10_000, latency = 400 } = options;
  const log = new ServerLog(clock);
  const tallies = new TallyBook(options.nodes);
  const faults = new Faults(clock);
  const issued = new IssuedTokens();
  const strict = new StrictEndpoint(clock, lifetime);
  const boot = randomUUID();
  const sides: { each?: string; backend?: Backend } = {};
  const hello = (): Hello => ({
    boot,
    eachOrigin: sides.each ?? '',
    lifetime,
    unplugged: faults.unplugged,
    nodes: options.nodes ?? 0,
    tallies: tallies.all(),
    recent: log.recent(),
  });
  const stream = new LogStream(clock, hello, log, tallies);
  const plug = (connected: boolean): void => {
    faults.plug(connected);
    stream.send('plug', { unplugged: !connected });
  };
  const actions: Actions = {
    hold: () => faults.arm('hold'),
    release: () => faults.release(),
    lose: () => faults.arm('lose'),
    hang: () => faults.arm('hang'),
    ...(options.nodes ? { 'kill-node': () => faults.arm('kill-node') } : {}),
    expire: () => issued.refuseAll(),
    'expire-all': () => {
      issued.refuseAll();
      strict.expireTokens();
    },
    unplug: () => plug(false),
    plug: () => plug(true),
  };
  const control = controlRoutes(actions);

  const mainServer = await WebServer.listen(options.port ?? 0, async (origin): Promise<Handler> => {
    const about = { origin, lifetime, clock };
    const backend = options.nodes ? await onRedis(about, options.nodes, options.nodeFile ?? '') : await onSqlite(about);
    sides.backend = backend;
    const keySet = async () => (await backend.endpoint(new Request(`${origin}/auth/jwks`))).json();
    const api = protectedApi({ keySet, issuer: origin, issued });
    const together = togetherRoutes({ clock, log, tallies, faults, issued, backend, api, latency });
    return async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname.startsWith('/auth/') || pathname.startsWith('/api/')) return together(request);
      if (pathname === '/demo/events') return stream.respond(request.signal);
      if (pathname.startsWith('/demo/')) return control(request);
      return files(request);
    };
  });
  const eachServer = await WebServer.listen(0, (origin): Handler => {
    const each = eachRoutes({ clock, log, tallies, strict, latency, port: new URL(origin).port });
    return async (request) => (new URL(request.url).pathname.startsWith('/each/') ? each(request) : files(request));
  });
  sides.each = eachServer.origin;
  const files = fileRoutes(
    options.page,
    `default-src 'self'; img-src 'self' data:; frame-src 'self' ${eachServer.origin}; frame-ancestors ${mainServer.origin}; base-uri 'none'; form-action 'none'`,
  );

  return {
    url: mainServer.origin,
    about: sides.backend?.about ?? '',
    log: () => log.lines,
    tallies: () => tallies.all(),
    actions,
    close: async () => {
      faults.release();
      stream.close();
      await Promise.all([mainServer.close(), eachServer.close()]);
      await sides.backend?.close();
    },
  };
}
