/** Express. The endpoint goes before any body parser: it reads its bodies itself, and no further than it wants. */
import express from 'express';
import { createEndpoint } from 'tabaton/server';
import { nodeListener } from 'tabaton/server/node';
import { bearerOf } from '../options.mjs';

export async function createApp(options) {
  const endpoint = createEndpoint(options);
  await endpoint.ready();
  const userOf = bearerOf(endpoint);
  const app = express();
  app.disable('x-powered-by');
  app.use(nodeListener(endpoint));
  app.use(express.json());
  app.get('/api/me', (request, response, next) => {
    userOf(request.get('Authorization')).then((user) => response.status(user ? 200 : 401).json({ user }), next);
  });
  return app;
}
