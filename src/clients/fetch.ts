/**
 * `fetch` with a token: bearer attached for the configured APIs, one refresh and one replay on 401.
 * Everything else passes through untouched; a caller's own `Authorization` always wins.
 */
import type { CoreSession, SessionEvents, TokenTarget } from '../core/types.js';

/** An API that gets the token, and for which scope and resource. */
export interface Api extends TokenTarget {
  /** Scheme, host and port. */
  origin: string;
  /** Whole path segments: `/v1` is `/v1` and `/v1/x`, never `/v10`. */
  path?: string;
}

export interface FetchOptions {
  apis: Api[];
  isUnauthorized?: (response: Response) => boolean | Promise<boolean>;
  /** Bytes. */
  replayLimit?: number;
  fetch: (request: Request) => Promise<Response>;
  /** Mode `sealed`: resolves when a service worker sees the requests of this page. */
  controlled?: () => Promise<unknown>;
  rejected: (event: Omit<SessionEvents['rejected'], 'at'>) => void;
}

const REPLAY_LIMIT = 1_048_576;

/** The API a URL belongs to: by origin equality and whole path segments, never by string prefix. */
export const apiOf = (apis: readonly Api[], { origin, pathname }: URL): Api | undefined =>
  apis.find((api) => {
    const path = (api.path ?? '').replace(/\/+$/, '');
    return api.origin === origin && (!path || pathname === path || pathname.startsWith(`${path}/`));
  });

/** Errors of RFC 6750 §3.1 and RFC 9470 that no refresh can cure. */
const INCURABLE = /error\s*=\s*"?(insufficient_scope|insufficient_user_authentication)/i;

/** Reads a copy of a body up to `limit`; `undefined` when it is longer. The original goes its way meanwhile. */
const keep = async (copy: Request, limit: number): Promise<BlobPart[] | undefined> => {
  // Firefox has no `Request.body`: there it is the whole, wherever that lies, or nothing.
  if (!copy.body) {
    const whole = await copy.blob();
    return whole.size > limit ? undefined : [whole];
  }
  const reader = copy.body.getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let size = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return parts;
    size += value.byteLength;
    if (size > limit) return void reader.cancel().catch(() => {});
    parts.push(value);
  }
};

type Reads = Pick<CoreSession, 'getToken' | 'refresh' | 'getSnapshot'>;

/** Sends what is already known to be for an API of `target`. */
export const createSigner = (session: Reads, options: Omit<FetchOptions, 'apis'>) => {
  const { isUnauthorized = ({ status }) => status === 401, replayLimit = REPLAY_LIMIT, rejected } = options;

  /** This token was refused and is being replaced, and whoever brought it up does not wait for that: the next request does. */
  let refused: string | undefined;

  return async (input: RequestInfo | URL, init: RequestInit | undefined, { scope, resource }: TokenTarget): Promise<Response> => {
    // A copy whose headers can be written. Given to `fetch` beside the request instead, they would cost it its referrer.
    const request = new Request(input, init);
    const wish = {
      scope,
      resource,
      // Made by the browser when it is read, and a token that is here is not waited for.
      get signal() {
        return request.signal;
      },
    };
    const renew = (rejected: string) => session.refresh({ ...wish, reason: 'unauthorized', rejected });
    if (refused) await renew(refused).catch(() => {});
    let token: string;
    try {
      token = await session.getToken(wish);
    } catch (error) {
      // Only when nobody is signed in may a request go without: never silently, never after a session ended.
      const { code } = error as { code?: string };
      if (code === 'sealed') await options.controlled?.();
      if (code === 'anonymous' || code === 'sealed') return options.fetch(request);
      throw error;
    }
    const send = (bare: Request, bearer: string) => {
      bare.headers.set('Authorization', `Bearer ${bearer}`);
      return options.fetch(bare);
    };
    // What can be sent again: a body given as a value as it is, one that is already a stream as a copy.
    const stream = init?.body instanceof ReadableStream;
    // Not so much as looked at where it is small by nature: for WebKit a look makes a stream of it, and those it refuses to keep alive.
    const whole = request.keepalive || !('body' in request);
    const bodied = whole ? !/^(GET|HEAD)$/.test(request.method) : request.body;
    const copy = bodied && init?.body == null ? request.clone() : undefined;
    const read = () => keep(copy!, replayLimit).catch(() => undefined);
    // What cannot be measured while it is read is not read before it is needed: an upload would be gathered for nothing.
    const reading = whole || !copy ? undefined : read();
    const first = await send(request, token);
    if (!(await isUnauthorized(first))) return first;

    const say = (reason: SessionEvents['rejected']['reason']) =>
      rejected({ generation: session.getSnapshot().generation, url: new URL(request.url).origin + new URL(request.url).pathname, reason });
    if (INCURABLE.test(first.headers.get('WWW-Authenticate') ?? '')) return say('not_refreshable'), first;
    const kept = copy && (await (reading ?? read()));
    const renewed = renew(token);
    if (stream || (copy && !kept)) {
      const over = () => void (refused = undefined);
      refused = token;
      renewed.then(over, over);
      return say('not_replayable'), first;
    }
    let next: string;
    try {
      next = await renewed;
    } catch (error) {
      if ((error as { code?: string }).code !== 'token_rejected') throw error;
      return say('repeated'), first;
    }
    first.body?.cancel().catch(() => {});
    const again = copy ? new Request(request.url, { ...describe(request), body: new Blob(kept) }) : new Request(input, init);
    const second = await send(again, next);
    if (await isUnauthorized(second)) say('repeated');
    return second;
  };
};

export const createFetch = (session: Reads, options: FetchOptions) => {
  const { apis } = options;
  const sign = createSigner(session, options);
  return async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    // Judged by the address that the request will go to: a relative one depends on `<base href>`, which may be another origin.
    const { url } = input instanceof Request ? input : new Request(input);
    const api = apiOf(apis, new URL(url));
    const own = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined)).has('Authorization');
    if (!api || own) return options.fetch(new Request(input, init));
    return sign(input, init, api);
  };
};

/** Everything of a request but its body: `new Request(request)` would want the body it has already sent. */
const describe = ({ method, headers, mode, credentials, cache, redirect, referrer, referrerPolicy, integrity, keepalive, signal }: Request): RequestInit => ({
  method,
  headers,
  mode: mode === 'navigate' ? 'same-origin' : mode,
  credentials,
  cache,
  redirect,
  referrer,
  referrerPolicy,
  integrity,
  keepalive,
  signal,
});
