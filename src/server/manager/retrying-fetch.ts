/** A fetch that knows its token: sent with each call, and renewed once when the API answers 401. */
import { StoreUnavailableError } from '../store.js';
import { UpstreamError } from '../upstream/upstream.js';
import type { ManagedToken } from './token-manager.js';

export function retryingFetch(token: (rejected?: number) => Promise<ManagedToken>): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    // A body can be read once: the second try needs a copy that was made before the first.
    const again = request.clone();
    const first = await whileWanted(request.signal, () => token()).catch((error: unknown) => {
      drop(request.body);
      drop(again.body);
      throw error;
    });
    const response = await send(request, first);
    if (response.status !== 401) {
      drop(again.body);
      return response;
    }
    const second = await whileWanted(request.signal, () => token(first.gen)).catch((error: unknown) => {
      // No newer token to be had: the API's own answer says more than ours could.
      if (error instanceof UpstreamError || error instanceof StoreUnavailableError) return undefined;
      drop(again.body);
      drop(response.body);
      throw error;
    });
    if (!second || second.gen <= first.gen) {
      drop(again.body);
      return response;
    }
    drop(response.body);
    return send(again, second);
  };
}

function send(request: Request, { accessToken }: ManagedToken): Promise<Response> {
  request.headers.set('Authorization', `Bearer ${accessToken}`);
  return fetch(request);
}

/** Whoever aborts is told so at once, as `fetch` does it; the token is got all the same, for the next who asks. */
function whileWanted<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const left = () => reject(signal.reason as Error);
    signal.addEventListener('abort', left, { once: true });
    void ask()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', left));
  });
}

/** Not waited for: a copy of a body that is still being sent has been cancelled only when that has been sent, too. */
function drop(body: ReadableStream | null): void {
  void body?.cancel().catch(() => {});
}
