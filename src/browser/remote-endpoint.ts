/** The refresh endpoint over fetch, for pages and for the service worker, which may load nothing later. */
import type { ContextKind } from '../contract/wire.js';
import type { Endpoint, Exchange } from '../core/ports.js';
import { readClaims } from './claims.js';
import { exchange, replyOf } from './exchange.js';
import { isLocal, type Routes } from './routes.js';
import { logoutRequest, refreshRequest, type WireRequest } from './wire-request.js';

/** `prepare` adds what this backend wants besides a cookie. */
export const createRemoteEndpoint = (
  routes: Routes,
  kind: ContextKind,
  prepare?: (init: RequestInit) => RequestInit | Promise<RequestInit>,
): Pick<Endpoint, 'refresh' | 'logout' | 'read' | 'claims'> => {
  const { refresh, logout } = routes;

  const post = (url: string, request: WireRequest, deadline: number): Exchange =>
    exchange(deadline, async (signal) => {
      let init: RequestInit = {
        method: 'POST',
        // Outlives its page: the Set-Cookie of a closed tab's refresh still lands.
        keepalive: true,
        credentials: 'include',
        cache: 'no-store',
        signal,
        ...request,
      };
      if (prepare) init = await prepare(init);
      // Of a wrong address, of CORS and of a pulled cable fetch() says one and the same word, that of a programming error.
      const response = await fetch(url, init).catch(() => {
        throw { name: 'no connection, or CORS' };
      });
      // A captive portal or a login page of another origin: nothing it says is about this session.
      if (response.redirected && new URL(response.url).origin !== new URL(url).origin) throw { name: 'redirected to another origin' };
      return replyOf(response);
    });

  return {
    refresh: (call) => post(refresh!, refreshRequest(call, isLocal(refresh!), kind), call.deadline),
    logout: logout ? (call) => post(logout, logoutRequest(call, isLocal(logout)), call.deadline) : undefined,
    read: routes.read,
    claims: readClaims,
  };
};
