/** Where the endpoint lives: its public origin, its mount, and which other origins may call it. */
import { MisconfiguredError } from './misconfigured.js';

/** Where the endpoint lives, and who may call it. */
export interface PlaceOptions {
  /** Scheme, host and port as browsers see them, e.g. `https://app.example`. Configuration, never a header. */
  publicOrigin: string;
  /** Default `/auth`. */
  mount?: string;
  /** Other origins whose pages may call the endpoint, same-site ones and extensions. */
  origins?: readonly string[];
  /** Allows plain http and cookies without a prefix, on localhost only. */
  dev?: boolean;
}

export interface Place {
  readonly publicOrigin: string;
  readonly mount: string;
  readonly origins: ReadonlySet<string>;
  readonly dev: boolean;
  readonly local: boolean;
  readonly port: string;
}

export function placeOf({ publicOrigin, mount = '/auth', origins = [], dev = false }: PlaceOptions): Place {
  const url = originOf('publicOrigin', publicOrigin);
  const local = isLocal(url);
  if (dev && !local) {
    throw new MisconfiguredError('dev', `is for localhost only, and publicOrigin is ${url.origin}. Remove it.`);
  }
  if (url.protocol === 'http:' && !local) {
    throw new MisconfiguredError('publicOrigin', `${url.origin} is plain http: its cookies could be read on the way. Use https.`);
  }
  if (url.protocol === 'http:' && !dev) {
    throw new MisconfiguredError(
      'dev',
      `${url.origin} is plain http and cannot carry __Host- cookies. Set dev: true on your own machine, use https elsewhere.`,
    );
  }
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(mount)) {
    throw new MisconfiguredError('mount', `"${mount}" is not a path like /auth (one leading slash, none at the end).`);
  }
  return {
    publicOrigin: url.origin,
    mount,
    origins: new Set(origins.map((origin) => listedOrigin(origin))),
    dev,
    local,
    port: url.port || (url.protocol === 'https:' ? '443' : '80'),
  };
}

function originOf(option: string, value: string): URL {
  if (value === undefined) throw new MisconfiguredError(option, 'is missing. Give an origin like https://app.example.');
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    throw new MisconfiguredError(option, `"${value}" is not a URL. Give an origin like https://app.example.`);
  }
  if ((url.protocol !== 'http:' && url.protocol !== 'https:') || url.origin !== value.replace(/\/$/, '')) {
    throw new MisconfiguredError(option, `"${value}" is not an http(s) origin. Give scheme, host and port only, like https://app.example.`);
  }
  return url;
}

function listedOrigin(value: string): string {
  if (/^[a-z]+-extension:\/\/[A-Za-z0-9.-]+$/.test(value)) return value;
  if (value === '*' || value === 'null') {
    throw new MisconfiguredError('origins', `"${value}" would let any page in. List each origin.`);
  }
  const url = originOf('origins', value);
  if (url.protocol === 'http:' && !isLocal(url)) {
    throw new MisconfiguredError('origins', `${url.origin} is plain http: whoever is on the way can put a script into its pages, and have their tokens. Use https.`);
  }
  return url.origin;
}

/** Whether pages of this origin may call the endpoint. */
export const isListed = ({ publicOrigin, origins }: Place, origin: string): boolean => origin === publicOrigin || origins.has(origin);

const isLocal = ({ hostname }: URL): boolean => /^(localhost|127\.0\.0\.1|\[::1\]|.+\.localhost)$/.test(hostname);
