/**
 * A worker runtime: no Node, no sockets of one’s own, and an isolate that may stop as soon as the answer is out.
 * Give it a store that all isolates share; the one in memory forgets with its isolate.
 */
import { createEndpoint } from 'tabaton/server';
import { bearerOf } from '../options.mjs';

/** `optionsOf(env)`: secrets and bindings are known with the first request only. */
export function createWorker(optionsOf) {
  const pending = new Set();
  let site;
  const build = (env) => {
    const endpoint = createEndpoint({
      ...optionsOf(env),
      // Revocations and announcements that outlive their answer.
      waitUntil: (work) => {
        pending.add(work);
        void work.finally(() => pending.delete(work));
      },
    });
    return { endpoint, userOf: bearerOf(endpoint) };
  };
  return {
    async fetch(request, env, context) {
      site ??= build(env);
      const { pathname } = new URL(request.url);
      if (pathname === '/api/me') {
        const user = await site.userOf(request.headers.get('Authorization'));
        return Response.json({ user }, { status: user ? 200 : 401 });
      }
      const response = await site.endpoint(request, { address: request.headers.get('CF-Connecting-IP') ?? undefined });
      context.waitUntil(Promise.all(pending));
      return response;
    },
  };
}
