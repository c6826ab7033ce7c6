/** Hono: its requests are the platform’s own, so the endpoint answers them as they are. */
import { Hono } from 'hono';
import { createEndpoint } from 'tabaton/server';
import { bearerOf } from '../options.mjs';

export async function createApp(options) {
  const endpoint = createEndpoint(options);
  await endpoint.ready();
  const userOf = bearerOf(endpoint);
  const app = new Hono();
  // On Node the peer’s address comes with the socket; it is what login limits count by.
  app.all(`${endpoint.mount}/*`, (context) => endpoint(context.req.raw, { address: context.env?.incoming?.socket?.remoteAddress }));
  app.get('/api/me', async (context) => {
    const user = await userOf(context.req.header('Authorization'));
    return context.json({ user }, user ? 200 : 401);
  });
  return app;
}
