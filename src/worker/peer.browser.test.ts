/** The worker's own session on the platform's real parts; only the network is made by hand. */
import { afterEach, expect, it, vi } from 'vitest';
import { createPeer } from './peer.js';
import { planOf } from './plan.js';
import type { WorkerScope } from './scope.js';

afterEach(() => vi.unstubAllGlobals());

it('what was under way in a session that was replaced is not waited for longer than it lasts', async () => {
  const refreshes: ((answer: Response) => void)[] = [];
  vi.stubGlobal('fetch', async (input: RequestInfo, init?: RequestInit) => {
    const { pathname } = new URL(new Request(input, init).url);
    return pathname.endsWith('/refresh') ? new Promise<Response>((answer) => refreshes.push(answer)) : new Response('', { status: 401 });
  });
  const token = () => Response.json({ access_token: `t${refreshes.length}`, expires_in: 900 });
  const api = { origin: location.origin };
  const endpoint = { refresh: `${location.origin}/peer-${crypto.randomUUID()}/refresh` };
  const peer = createPeer(planOf({ endpoint, apis: [api], mode: 'attach', replayLimit: 0 })!, globalThis as unknown as WorkerScope, {});
  // Nobody has signed in here: a login that goes by makes it ask.
  await peer.doubt('user');
  const answer = peer.fetch(new Request('/api', { method: 'POST', body: 'too long to be kept' }), api, async () => Response.error(), true);
  await vi.waitFor(() => expect(refreshes).toHaveLength(1));
  refreshes[0]!(token());
  expect((await answer).status).toBe(401);
  await vi.waitFor(() => expect(refreshes).toHaveLength(2));
  expect(peer.busy(api)).toBe(true);
  const idle = peer.idle();
  // Its own look, in the next turn, is over.
  await new Promise((turn) => setTimeout(turn));
  await peer.doubt('leaving');
  refreshes[1]!(token());
  await idle;
  peer.close();
});
