/** The options of a session, checked: every sentence names the option, what was given, and what to write. */
import { TabatonError } from '../core/errors.js';
import type { CoreOptions, Level } from '../core/types.js';
import { here, type EndpointOption } from './routes.js';

/** An API that gets the token. Matched by URL origin equality and whole path segments, never by string prefix. */
export interface ApiOption {
  /** `https://api.example.com`: scheme, host and port only. */
  origin: string;
  /** `/v1` matches `/v1` and `/v1/x`, not `/v10`. Default: every path. */
  path?: string;
  /** Space separated. */
  scope?: string;
  /** Absolute URI without a fragment (RFC 8707). */
  resource?: string;
}

/** What `createSession` takes. Everything is optional. */
export interface SessionOptions {
  /**
   * Where to refresh; it also names the session. A URL is a mount: `/auth` (default) asks `POST /auth/refresh`. Routes of other
   * names: `{ refresh: '/api/token/refresh', … }`. Or a function that fetches the answer.
   */
  endpoint?: EndpointOption;
  /** How much of the wire contract the backend speaks. Default `auto`: found out from its answers. */
  level?: 'auto' | Level;
  /** Which requests of `session.fetch` get the token. Default: those to this origin. */
  apis?: ApiOption[];
  /**
   * `hint` (default): ask the endpoint at startup if somebody may be signed in: the endpoint's marker cookie says so, or what
   * this browser remembers of an earlier session. `lazy`: on the first need. `eager`: always, for a backend that sets no marker.
   */
  start?: CoreOptions['start'];
  /** Ms before expiry at which the leader refreshes; at most 10 % of the lifetime. Default 60 000. */
  refreshAhead?: number;
  /** Ms of slack at expiry; at most 10 % of the lifetime. Default 2 000. */
  clockTolerance?: number;
  /** Ms a `getToken()` waits in all. Default 30 000. */
  timeout?: number;
  /** Who may lead: `visible` pages (default), `always` also hidden ones and workers, `never` this context. */
  leadership?: CoreOptions['leadership'];
  /** `sealed`: only the service worker holds tokens; this session hands out none. Default `attach`. */
  mode?: CoreOptions['mode'];
  /** Whether a response of an API means "token rejected". Default: status 401. */
  isUnauthorized?: (response: Response) => boolean | Promise<boolean>;
  /** Longest request body in bytes that is kept for one replay after a 401. Default 1 MiB. */
  replayLimit?: number;
}

/** Says whether a value will do; which type it reads the value as is its own affair, and throwing is a no. */
type Test = (value: never) => unknown;
/**
 * What an option may be: one of some words (`'a|b'`), a number not below some least, or anything that
 * passes a test, with the words for what to write.
 */
type Rule = string | number | readonly [passes: Test, write: string];
type Tested = Exclude<Rule, string | number>;

const is = (type: string) => (value: unknown) => typeof value === type;
const isObject = (value: unknown) => is('object')(value) && value;
const optional = (passes: Test) => (value: unknown) => value === undefined || passes(value as never);
const fits = (shape: Record<string, Test>, value: Record<string, unknown>) => Object.keys(shape).every((key) => shape[key]!(value[key] as never));

/** http(s), no user name, no password, no fragment: none of them belongs into a refresh URL. */
const isUrl = (value: string) => {
  const url = is('string')(value) && value && new URL(value, globalThis.location ? here() : 'https://localhost');
  return url && url.protocol.startsWith('http') && !(url.username + url.password + url.hash);
};
const given = optional((value: unknown) => is('function')(value) || isObject(value));
const routes = { refresh: isUrl, logout: optional(isUrl), session: optional(isUrl), login: optional(isUrl), headers: given, read: optional(is('function')), credentials: optional((value: unknown) => passes('omit|same-origin|include', value)) };
const api = {
  origin: (value: string) => new URL(value).origin === value,
  path: optional((value: string) => value[0] === '/'),
  scope: optional(is('string')),
  resource: optional((value: string) => new URL(value).href && !value.includes('#')),
};

const rules: Record<keyof SessionOptions, Rule> = {
  endpoint: [
    (value: string & Record<string, unknown>) => is('function')(value) || (isObject(value) ? fits(routes, value) : isUrl(value) && !value.includes('?')),
    "a URL such as '/auth' (a whole one on a page without http), routes such as { refresh: '/api/refresh' }, or a function",
  ],
  level: 'auto|plain|fenced|full',
  apis: [(value: Record<string, unknown>[]) => Array.isArray(value) && value.every((item) => fits(api, item)), "a list such as [{ origin: 'https://api.example.com', path: '/v1' }]"],
  start: 'hint|lazy|eager',
  refreshAhead: 0,
  clockTolerance: 0,
  timeout: 1,
  leadership: 'visible|always|never',
  mode: 'attach|sealed',
  isUnauthorized: [is('function'), 'a function that gets a Response'],
  replayLimit: 0,
};

const passes = (rule: Rule, value: unknown): unknown => {
  if (is('number')(rule)) return Number.isFinite(value) && (value as number) >= (rule as number);
  if (typeof rule === 'string') return rule.split('|').includes(value as string);
  try {
    return (rule as Tested)[0](value as never);
  } catch {
    return false;
  }
};

const refuse = (message: string): never => {
  throw new TabatonError('invalid_option', message);
};

/** Throws `invalid_option`; options that are `undefined` count as absent. */
export const checkOptions = (options: SessionOptions): void => {
  for (const [name, value] of Object.entries({ endpoint: '/auth', ...(isObject(options) ? options : refuse('createSession() takes an object of options, or nothing.')) })) {
    const rule = Object.hasOwn(rules, name) ? rules[name as keyof SessionOptions] : refuse(`There is no option \`${name}\`: write one of ${Object.keys(rules)}.`);
    if (value !== undefined && !passes(rule, value))
      // Of what was given only numbers are shown: a URL or a header may hold a secret.
      refuse(
        `The option \`${name}\` cannot be ${is('number')(value) ? value : value === null ? value : `this ${typeof value}`}: write ${
          is('number')(rule) ? `a number from ${rule} up` : typeof rule === 'string' ? rule.replaceAll('|', ', ') : (rule as Tested)[1]
        }.`,
      );
  }
};
