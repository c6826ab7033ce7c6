/** The one endpoint of a Next application. `globalThis` keeps it over the reloads of `next dev`. */
import { createEndpoint } from 'tabaton/server';
import { bearerOf, localOptions } from '../options.mjs';

const SITE = Symbol.for('tabaton example');

export function site() {
  return (globalThis[SITE] ??= (async () => {
    const endpoint = createEndpoint(await localOptions(process.env.PUBLIC_ORIGIN ?? 'http://localhost:3000'));
    return { endpoint, userOf: bearerOf(endpoint) };
  })());
}

/**
 * For server components: who is signed in, without rotating anything.
 *
 *     import { headers } from 'next/headers';
 *     const session = await whoIs(await headers());
 */
export async function whoIs(headers) {
  const { endpoint } = await site();
  return endpoint.peek(new Request(endpoint.publicOrigin, { headers: new Headers(headers) }));
}
