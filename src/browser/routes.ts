/** What the `endpoint` option means: where to refresh, and what the session is called after. */

export type Given<T> = T | (() => T);

/** For backends whose routes are not below one mount, or that want more than a cookie. */
export interface EndpointRoutes {
  /** URL of the refresh route; asked by POST. */
  refresh: string;
  /** URL of the logout route; asked by POST. Without one a sign-out stays in this browser, and the cookie with it. */
  logout?: string;
  /** URL that says who is signed in, if there is one: a service worker then takes no request to it for a login. */
  session?: string;
  /** URL of a login page or route; gets `?return_to=<path>`. */
  login?: string;
  /** Sent besides tabaton's own. */
  headers?: Given<Record<string, string>>;
  /** Sent instead of tabaton's own; an object travels as JSON. */
  body?: Given<BodyInit | Record<string, unknown>>;
  /** Default `include`. */
  credentials?: RequestCredentials;
  /** Turns a 200 body into `{ access_token, expires_in, … }`. */
  read?: (json: unknown) => unknown;
}

/** What a function endpoint gets. */
export interface EndpointCall {
  /** The same id for every attempt at the same refresh: an idempotency key. */
  attempt: string;
  /** Why: see `RefreshReason`. */
  reason: string;
  /** What the token is for, where the caller said so. */
  scope?: string;
  /** What the token is for (RFC 8707), where the caller said so. */
  resource?: string;
  /** Fires when the answer is no longer wanted. */
  signal: AbortSignal;
}
/**
 * Answers with a Response, or with the parsed body of a 200. What it throws is a network error, unless it
 * carries `response.status`, as the errors of ky and axios do. A function has no address: all of one origin name the
 * same session, so two applications that share an origin need routes instead.
 */
export type EndpointFunction = (call: EndpointCall) => unknown;
/** Where and how to refresh: a URL, its parts, or a function. */
export type EndpointOption = string | EndpointRoutes | EndpointFunction;

export type Routes = Partial<EndpointRoutes> & {
  /** What locks, channel and ledger are called after: origin and mount. */
  name: string;
  /** True where a marker cookie tells whether somebody may be signed in. */
  hinted?: boolean;
};

/**
 * What relative URLs are relative to. A frame with `srcdoc` and a worker from a `blob:` have no address that could serve, but
 * an origin. A page at `file:` has neither: there an endpoint has to be a whole URL.
 */
export const here = (): string => (/^https?:/.test(location.href) || globalThis.origin === 'null' ? location.href : globalThis.origin);

/** Routes of an endpoint option, absolute. */
export const routesOf = (option: EndpointOption): Routes => {
  const url = (route: string) => new URL(route, here()).href;
  if (typeof option === 'function') return { name: url('/#function') };
  if (typeof option === 'string') {
    const name = url(option).replace(/\/+$/, '');
    return { refresh: name + '/refresh', logout: name + '/logout', login: name + '/login', name, hinted: isLocal(name) };
  }
  const { refresh, logout, session, login } = option;
  return { ...option, refresh: url(refresh), logout: logout && url(logout), session: session && url(session), login: login && url(login), name: url(refresh).replace(/\/refresh$/, '') };
};

export const isLocal = (url: string) => new URL(url).origin === new URL(here()).origin;
