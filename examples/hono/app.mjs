/** Hono: its requests are the platform’s own, so the endpoint answers them as they are. */
import { Hono } from 'hono';
import { createEndpoint } from 'tabaton/server';
import { bearerOf } from '../options.mjs';

/** The client’s address, by which login limits count: with the socket on Node, beside the request on Deno, on asking on Bun. */
function addressOf({ env, req }) {
  // Only Cloudflare itself writes this header; elsewhere anybody can.
  if (globalThis.navigator?.userAgent === 'Cloudflare-Workers') return req.header('CF-Connecting-IP');
  const bun = env?.server ?? env;
  return env?.incoming?.socket?.remoteAddress ?? env?.remoteAddr?.hostname ?? bun?.requestIP?.(req.raw)?.address;
}

export async function createApp(options) {
  const endpoint = createEndpoint(options);
  await endpoint.ready();
  const userOf = bearerOf(endpoint);
  const app = new Hono();
  app.all(`${endpoint.mount}/*`, (context) => endpoint(context.req.raw, { address: addressOf(context) }));
  app.get('/api/me', async (context) => {
    const user = await userOf(context.req.header('Authorization'));
    return context.json({ user }, user ? 200 : 401);
  });
  return app;
}
