/** The kinds of client and how long things live for them. */
import { NEVER } from '../families/family.js';
import { MisconfiguredError } from './misconfigured.js';

/** The kinds of client; configuration and authentication choose one, never a request body. */
export type ClientKind = 'web' | 'mobile' | 'desktop' | 'cli' | 'service';

/** All lifetimes in milliseconds. */
export interface ClientOptions {
  /** Most a family of this client may be granted; absent: whatever the application grants. */
  scopes?: readonly string[];
  /** Life of an access token. Jitter of 5 % is taken off it. */
  access?: number;
  /** A family unused for this long is dead. */
  idle?: number;
  /** A family is dead this long after its login, whatever happens. */
  absolute?: number;
}

export interface Client {
  readonly kind: ClientKind;
  readonly scopes: readonly string[] | undefined;
  readonly access: number;
  readonly idle: number;
  readonly absolute: number;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const CLIENT_DEFAULTS: Readonly<Record<ClientKind, Required<Omit<ClientOptions, 'scopes'>>>> = {
  web: { access: 15 * MINUTE, idle: 14 * DAY, absolute: 90 * DAY },
  mobile: { access: 30 * MINUTE, idle: 30 * DAY, absolute: 180 * DAY },
  desktop: { access: 120 * MINUTE, idle: 30 * DAY, absolute: 180 * DAY },
  cli: { access: 60 * MINUTE, idle: 30 * DAY, absolute: 90 * DAY },
  service: { access: 60 * MINUTE, idle: NEVER, absolute: NEVER },
};

/** @throws MisconfiguredError naming the client and the lifetime that cannot be. */
export function clientsOf(options: Partial<Record<ClientKind, ClientOptions>> = {}): Readonly<Record<ClientKind, Client>> {
  const build = (kind: ClientKind): Client => {
    const client: Client = { kind, scopes: undefined, ...CLIENT_DEFAULTS[kind], ...options[kind] };
    const where = `clients.${kind}`;
    for (const name of ['access', 'idle', 'absolute'] as const) {
      if (!Number.isSafeInteger(client[name]) || client[name] < 1_000) {
        throw new MisconfiguredError(`${where}.${name}`, 'give whole milliseconds, at least 1000.');
      }
    }
    if (client.access > client.idle) {
      throw new MisconfiguredError(`${where}.idle`, 'an access token would outlive the idle time. Make idle longer than access.');
    }
    if (client.idle > client.absolute) {
      throw new MisconfiguredError(`${where}.absolute`, 'is shorter than idle. A family cannot be idle for longer than it lives.');
    }
    return client;
  };
  for (const kind of Object.keys(options)) {
    if (!(kind in CLIENT_DEFAULTS)) {
      throw new MisconfiguredError(`clients.${kind}`, `is not a client. Use ${Object.keys(CLIENT_DEFAULTS).join(', ')}.`);
    }
  }
  return { web: build('web'), mobile: build('mobile'), desktop: build('desktop'), cli: build('cli'), service: build('service') };
}
