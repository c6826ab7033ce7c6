import { randomUUID } from 'node:crypto';
import type { Hello, LogLine, Tally } from '../contract.js';
import { protectedApi } from './api.js';
import { type Clock, systemClock } from './clock.js';
import { type Actions, controlRoutes } from './control.js';
import { eachRoutes } from './each.js';
import { openEndpoint } from './endpoint.js';
import { Faults } from './faults.js';
import { fileRoutes } from './files.js';
import { IssuedTokens } from './issued.js';
import { ServerLog } from './log.js';
import { StrictEndpoint } from './strict.js';
import { LogStream } from './stream.js';
import { TallyBook } from './tally.js';
import { SessionFile } from './session-file.js';
import { togetherRoutes } from './together.js';
import { type Handler, WebServer } from './web.js';

export interface DemoOptions {
  /** Port of the page; 0 (default) takes a free one. */
  port?: number;
  /** Folder of the built page. */
  page: string;
  /** Access token lifetime on both stages in ms. Default 10 000. */
  lifetime?: number;
  /** Ms between a refresh endpoint's decision and its reply, the same on both stages. Default 400. */
  latency?: number;
  clock?: Clock;
}

export interface Demo {
  /** Open this. */
  readonly url: string;
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
  const tallies = new TallyBook();
  const faults = new Faults(clock);
  const issued = new IssuedTokens();
  const strict = new StrictEndpoint(clock, lifetime);
  const boot = randomUUID();
  const sessions = new SessionFile(clock);

  const eachSide: { origin?: string } = {};
  const hello = (): Hello => ({
    boot,
    eachOrigin: eachSide.origin ?? '',
    lifetime,
    unplugged: faults.unplugged,
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
    expire: () => issued.refuseAll(),
    'expire-all': () => {
      issued.refuseAll();
      strict.expireTokens();
    },
    unplug: () => plug(false),
    plug: () => plug(true),
  };
  const control = controlRoutes(actions);

  const mainServer = await WebServer.listen(options.port ?? 0, (origin): Handler => {
    const endpoint = openEndpoint({ origin, lifetime, clock, store: sessions.store });
    const keySet = async () => (await endpoint(new Request(`${origin}/auth/jwks`))).json();
    const api = protectedApi({ keySet, issuer: origin, issued });
    const together = togetherRoutes({ clock, log, tallies, faults, issued, endpoint, api, latency });
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
  eachSide.origin = eachServer.origin;
  const files = fileRoutes(
    options.page,
    `default-src 'self'; img-src 'self' data:; frame-src 'self' ${eachServer.origin}; frame-ancestors ${mainServer.origin}; base-uri 'none'; form-action 'none'`,
  );

  return {
    url: mainServer.origin,
    log: () => log.lines,
    tallies: () => tallies.all(),
    actions,
    close: async () => {
      faults.release();
      stream.close();
      await Promise.all([mainServer.close(), eachServer.close()]);
      await sessions.close();
    },
  };
}
