/** An application as its author would write it, up to the moment it would listen. Bundled by a test, and started on a Redis that is not there. */
import { Redis } from 'ioredis';
import { createEndpoint } from '../endpoint.js';
import { redisStore } from '../stores/redis.js';

// Gives up at once: nothing of the client's keeps the process alive.
const client = new Redis(process.argv[2] ?? '', { retryStrategy: () => null });
const endpoint = createEndpoint({
  publicOrigin: 'https://app.example',
  keys: process.argv[3],
  store: redisStore({ client }),
  authenticate: async () => null,
});
await endpoint.ready({ waitMs: 0 });
process.stdout.write('listening\n');
process.exit(0);
