/**
 * A request as the handler reads it, and an answer as it gives it, whoever carries them.
 *
 * A `Request` with a body and a `Response` cost Node more than all else in a refresh. Its adapter therefore hands the
 * handler what it reads, and makes a `Request` only for those who ask for one: the application's own functions, and the
 * routes that are rare.
 */
import type { RequestInfo } from '../config/endpoint-options.js';
import type { Bytes } from '../encoding.js';
import { readBytes } from './body.js';

/** What most of the handler needs; a `Request` is one. */
export interface Heard {
  readonly method: string;
  readonly headers: Pick<Headers, 'get' | 'has'>;
}

export interface Call extends Heard {
  /** The path of its URL. */
  readonly path: string;
  /** The whole body, once; `undefined` when it is larger than allowed, `cut` when its sender left. */
  bytes(limit: number): Promise<Bytes | 'cut' | undefined>;
  /** The request itself. Asked for before `bytes`, or its body is gone. */
  request(): Request;
}

export interface Answer {
  readonly status: number;
  /** All but the cookies. */
  readonly headers: Readonly<Record<string, string>>;
  /** Complete `Set-Cookie` values. */
  readonly cookies: readonly string[];
  readonly body: string | ReadableStream<Uint8Array> | null;
}

/** Under this name an endpoint answers calls of an adapter of this package. */
export const DIRECT = Symbol.for('tabaton.direct');

export interface Direct {
  [DIRECT]?: (call: Call, info: RequestInfo) => Promise<Answer>;
}

export function callOf(request: Request): Call {
  return {
    method: request.method,
    headers: request.headers,
    path: new URL(request.url).pathname,
    bytes: (limit) => readBytes(request, limit),
    request: () => request,
  };
}

export function responseOf({ status, headers, cookies, body }: Answer): Response {
  const sent = new Headers(headers);
  for (const cookie of cookies) sent.append('Set-Cookie', cookie);
  return new Response(body, { status, headers: sent });
}
