/** What the worker is to do, and the one question asked of every request: is it ours? Synchronous, so that all others go untouched. */
import type { WorkerApi, WorkerConfig } from '../contract/worker.js';
import { routesOf, type Routes } from '../browser/routes.js';
import { apiOf } from '../clients/fetch.js';
import type { Effect } from './doubt.js';

export interface Plan {
  /** `quiet`: it was told to sign nothing any more. */
  readonly config: WorkerConfig & { quiet?: boolean };
  readonly routes: Routes;
  /** To tell whether another configuration says the same. */
  readonly text: string;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const isApi = (value: unknown): value is WorkerApi => {
  try {
    return isRecord(value) && new URL(value.origin as string).origin === value.origin && (value.path === undefined || (value.path as string)[0] === '/');
  } catch {
    return false;
  }
};

/** A setting that is `undefined` counts as absent. */
export const defined = <T extends object>(settings: T): Partial<T> => Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as Partial<T>;

/** `undefined` for what is no configuration: it may come from an older page, or from the disk. */
export const planOf = (config: unknown): Plan | undefined => {
  if (!isRecord(config) || !Array.isArray(config.apis) || !config.apis.every(isApi)) return;
  const { endpoint } = config;
  if (typeof endpoint !== 'string' && !(isRecord(endpoint) && typeof endpoint.refresh === 'string')) return;
  try {
    return { config: config as unknown as WorkerConfig, routes: routesOf(endpoint as WorkerConfig['endpoint']), text: JSON.stringify(config) };
  } catch {
    return;
  }
};

const bare = (url?: string) => url?.split(/[?#]/)[0];

/**
 * The endpoint itself is never intercepted: a worker that is stopped while it proxies a POST makes Chromium
 * send it again. An endpoint given by its mount owns everything below it.
 */
export const isEndpoint = ({ config, routes }: Plan, url: string): boolean => {
  const { name, refresh, logout, session, login } = routes;
  const asked = bare(url)!;
  return typeof config.endpoint === 'string' ? asked === name || asked.startsWith(`${name}/`) : [refresh, logout, session, login].some((route) => bare(route) === asked);
};

/**
 * What a request to the endpoint may change. A refresh changes nobody, and a page's reading does not either; everything else may
 * be a login, by whatever route and method the backend has for it.
 */
export const effectOf = ({ routes }: Plan, { method, url }: Pick<Request, 'method' | 'url'>): 'none' | Effect => {
  const asked = bare(url)!;
  if (asked === bare(routes.refresh) || (method === 'GET' && (asked === bare(routes.session) || /\/(session|events)$/.test(asked)))) return 'none';
  return method === 'POST' && asked === bare(routes.logout) ? 'leaving' : 'user';
};

/** The refresh and logout calls of any tabaton, before a configuration says where they go. */
export const looksLikeEndpoint = ({ method, keepalive, cache, headers }: Request): boolean =>
  headers.has('X-Tabaton') || (method === 'POST' && keepalive && cache === 'no-store');

/** Whether a request may carry a token at all, whatever the configuration. */
export const mayCarry = ({ mode, headers, method, url }: Request): boolean =>
  mode === 'navigate'
    ? method === 'GET'
    : // A caller's own `Authorization` wins. A browser drops the header of `no-cors` requests without a word.
      mode !== 'no-cors' && url.startsWith('http') && !headers.has('Authorization');

/** The API a request is for, if the worker is to sign it. */
export const apiFor = (plan: Plan, request: Request): WorkerApi | undefined => {
  if (plan.config.quiet || !mayCarry(request)) return;
  const url = new URL(request.url);
  const api = apiOf(plan.config.apis, url) as WorkerApi | undefined;
  if (!api || isEndpoint(plan, request.url)) return;
  return request.mode === 'navigate' ? (api.navigations && url.origin === location.origin ? api : undefined) : request.destination && !api.path ? undefined : api;
};
