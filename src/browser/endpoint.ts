/** The refresh endpoint of a page. Loaded with the protocol: a page that only reads needs none of it. */
import { LOCAL_PATH, type ContextKind } from '../contract/wire.js';
import { TabatonError } from '../core/errors.js';
import type { Endpoint } from '../core/ports.js';
import { exchange } from './exchange.js';
import { createRemoteEndpoint } from './remote-endpoint.js';
import type { EndpointOption, Routes } from './routes.js';

export const createEndpoint = (option: EndpointOption, routes: Routes, kind: ContextKind): Endpoint => {
  const { login } = routes;
  const remote = createRemoteEndpoint(
    routes,
    kind,
    typeof option === 'object' ? async (init) => (await import('./custom-request.js')).customise(init, option) : undefined,
  );
  return {
    ...remote,
    refresh: (call) =>
      typeof option === 'function'
        ? exchange(call.deadline, async (signal) => (await import('./function-endpoint.js')).ask(option, call, signal))
        : remote.refresh(call),
    news: typeof option === 'string' ? async () => (await import('./news.js')).createNews(routes.name) : undefined,
    signIn(returnTo) {
      if (!LOCAL_PATH.test(returnTo))
        throw new TabatonError('invalid_argument', 'signIn: `returnTo` must be a path of this origin that starts with one "/".');
      if (!login || !globalThis.document)
        throw new TabatonError('invalid_option', 'signIn: there is no login route here. Set `endpoint.login`, or call session.start() after your own login.');
      const url = new URL(login);
      url.searchParams.set('return_to', returnTo);
      return () => location.assign(url);
    },
  };
};
