/** Node’s own http: the endpoint first, everything else behind it. */
import { createServer } from 'node:http';
import { createEndpoint } from 'tabaton/server';
import { nodeListener } from 'tabaton/server/node';
import { bearerOf } from '../options.mjs';

export async function createApp(options) {
  const endpoint = createEndpoint(options);
  await endpoint.ready();
  const auth = nodeListener(endpoint);
  const userOf = bearerOf(endpoint);
  return createServer((request, response) => {
    auth(request, response, async () => {
      const user = request.url === '/api/me' ? await userOf(request.headers.authorization) : undefined;
      if (user === undefined) return response.writeHead(404).end();
      response.writeHead(user ? 200 : 401, { 'Content-Type': 'application/json' }).end(JSON.stringify({ user }));
    });
  });
}
