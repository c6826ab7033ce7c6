/** A fetch that knows its token: sent with each call, and renewed once when the API answers 401. */
import { StoreUnavailableError } from '../store.js';
import { UpstreamError } from '../upstream/upstream.js';
import type { ManagedToken } from './token-manager.js';

export function retryingFetch(token: (rejected?: number) => Promise<ManagedToken>): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    // A body can be read once: the second try needs a copy that was made before the first.
    const again = request.clone();
    const first = await token();
    const response = await send(request, first);
    if (response.status !== 401) {
      await again.body?.cancel();
      return response;
    }
    const second = await token(first.gen).catch((error: unknown) => {
      // No newer token to be had: the API's own answer says more than ours could.
      if (error instanceof UpstreamError || error instanceof StoreUnavailableError) return undefined;
      throw error;
    });
    if (!second || second.gen <= first.gen) {
      await again.body?.cancel();
      return response;
    }
    await response.body?.cancel();
    return send(again, second);
  };
}

function send(request: Request, { accessToken }: ManagedToken): Promise<Response> {
  request.headers.set('Authorization', `Bearer ${accessToken}`);
  return fetch(request);
}
