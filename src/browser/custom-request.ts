/** What an existing backend wants besides a cookie: its own headers, body, credentials. */
import type { EndpointRoutes, Given } from './routes.js';

const given = <T>(value: Given<T> | undefined): T | undefined => (typeof value === 'function' ? (value as () => T)() : value);

export const customise = (init: RequestInit, routes: Partial<EndpointRoutes>): RequestInit => {
  const body = given(routes.body);
  const plain = !!body && [Object.prototype, null].includes(Object.getPrototypeOf(body));
  return {
    ...init,
    credentials: routes.credentials ?? init.credentials,
    headers: { ...(plain && { 'Content-Type': 'application/json' }), ...init.headers, ...given(routes.headers) } as Record<string, string>,
    body: plain ? JSON.stringify(body) : ((body as BodyInit | undefined) ?? init.body),
  };
};
