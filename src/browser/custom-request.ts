/** What an existing backend wants besides a cookie: its own headers, body, credentials. */
import type { EndpointRoutes, Given } from './routes.js';

const given = <T>(value: Given<T> | undefined): T | undefined => (typeof value === 'function' ? (value as () => T)() : value);

export const customise = (init: RequestInit, routes: Partial<EndpointRoutes>): RequestInit => {
  const body = given(routes.body);
  const plain = !!body && [Object.prototype, null].includes(Object.getPrototypeOf(body));
  const headers = new Headers(init.headers);
  // Ours says what our own body is.
  if (plain) headers.set('Content-Type', 'application/json');
  else if (body) headers.delete('Content-Type');
  new Headers(given(routes.headers)).forEach((value, name) => headers.set(name, value));
  return {
    ...init,
    credentials: routes.credentials ?? init.credentials,
    headers,
    body: plain ? JSON.stringify(body) : ((body as BodyInit | undefined) ?? init.body),
  };
};
