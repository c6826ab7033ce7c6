/** The package's own endpoint, built, on its memory store, with a clock the test can move. */
import { pathToFileURL } from 'node:url';
import { builtModule } from './bundle.js';
import type { MountOptions, Mounted } from './backends.js';

export async function full({ origin, lifetime }: MountOptions): Promise<Mounted> {
  const { createEndpoint, memoryStore } = (await import(pathToFileURL(builtModule('server/index')).href)) as typeof import('../../src/server/index.js');
  let ahead = 0;
  let rotations = 0;
  let reuses = 0;
  const clock = {
    now: () => Date.now() + ahead,
    after: (ms: number, run: () => void) => {
      const timer = setTimeout(run, ms).unref();
      return () => clearTimeout(timer);
    },
  };
  const endpoint = createEndpoint({
    publicOrigin: origin,
    dev: true,
    clock,
    store: memoryStore({ clock }),
    jitter: 0,
    observe(event) {
      if (event.type === 'refresh' && event.outcome === 'rotated') rotations += 1;
      if (event.type === 'reuse') reuses += 1;
      if (event.type === 'fault') console.error(`endpoint: ${event.what}: ${event.message}`);
    },
    clients: { web: { access: lifetime * 1000 } },
    authenticate: async (request) => {
      const { user } = (await request.json()) as { user?: string };
      return user ? { sub: user } : null;
    },
  });
  return {
    handle: (request) => endpoint(request),
    rotations: () => rotations,
    reuses: () => reuses,
    async accepts(cookieHeader) {
      const answer = await endpoint(new Request(`${origin}/auth/session`, { headers: { cookie: cookieHeader, 'sec-fetch-site': 'same-origin' } }));
      return ((await answer.json()) as { active: boolean }).active;
    },
    rest() {
      ahead += 61_000;
    },
  };
}
