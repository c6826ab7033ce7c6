/** One node of the right stage, as a process of its own. Started by `nodes.ts`; it ends with the demo. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { nodeListener } from '../../src/server/node.js';
import { redisStore } from '../../src/server/redis.js';
import { systemClock } from './clock.js';
import { openEndpoint } from './endpoint.js';
import { NODE_HEADER, type NodeSettings, type NodeWord } from './node-words.js';

const { number, origin, lifetime, redis } = JSON.parse(process.argv[2] ?? '{}') as NodeSettings;
const store = redisStore({ client: new Redis({ host: '127.0.0.1', port: redis }) });
const endpoint = openEndpoint({ origin, lifetime, store, clock: systemClock });
await endpoint.ready();
const answer = nodeListener(endpoint);
const server = createServer((request, response) => {
  response.setHeader(NODE_HEADER, String(number));
  answer(request, response);
});
server.listen(0, '127.0.0.1', () => {
  const word: NodeWord = { port: (server.address() as AddressInfo).port };
  process.send?.(word);
});
process.once('disconnect', () => process.exit(0));
