/**
 * tabaton/server/node: the endpoint behind Node's `http`.
 *
 * The URL of a request is built from the configured public origin, never from `Host` or `X-Forwarded-*`: what a
 * client writes there must not decide which cookies are set.
 */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { RequestInfo } from './config/endpoint-options.js';
import { checkNames } from './config/names.js';
import { bodyOf, bytesOf } from './node/incoming-body.js';
import { DIRECT, type Answer, type Call, type Direct } from './handler/call.js';
import { unexpected } from './handler/draft.js';
import { messageOf, observers } from './observe.js';

export type { RequestInfo };

/** What the adapter needs of an endpoint. */
export interface NodeMountable {
  (request: Request, info?: RequestInfo): Promise<Response>;
  readonly publicOrigin: string;
  readonly mount: string;
}

/** An answer, or what a wrapped endpoint gave. */
type Sent = Omit<Answer, 'body'> & { readonly body: Answer['body'] | Uint8Array };

/** What the adapter may be told about its server. */
export interface NodeOptions {
  /** Largest request body in bytes; beyond it 413. Default 65,536. */
  maxBodyBytes?: number;
  /**
   * The client's address, for login limits. Default: the peer's. Behind a proxy of your own read the header it
   * sets, and only then: anybody else can write it too.
   */
  addressOf?: (request: IncomingMessage) => string | undefined;
}

const OPTIONS: Readonly<Record<keyof NodeOptions, true>> = { maxBodyBytes: true, addressOf: true };

/** Answers a request, or calls `next` when its path is not below the mount. */
export type NodeListener = (request: IncomingMessage, response: ServerResponse, next?: () => void) => void;

/**
 * Puts the endpoint behind Node's `http`, alone or as a middleware, before any body parser: what one has read is taken
 * from `request.body`, and where that is not a JSON object, a form, a text or bytes the answer is 500.
 *
 * @example
 * createServer(nodeListener(endpoint)).listen(3000);
 * app.use(nodeListener(endpoint)); // Express
 */
export function nodeListener(endpoint: NodeMountable, options: NodeOptions = {}): NodeListener {
  checkNames(options, OPTIONS);
  const { maxBodyBytes = 65_536, addressOf = (request) => request.socket.remoteAddress } = options;
  return (incoming, outgoing, next) => {
    // Express cuts the mount off `url` and keeps the whole in `originalUrl`.
    const target = (incoming as { originalUrl?: string }).originalUrl ?? incoming.url ?? '/';
    const url = target.startsWith('/') ? new URL(endpoint.publicOrigin + target) : undefined;
    const ours = url && (url.pathname === endpoint.mount || url.pathname.startsWith(`${endpoint.mount}/`));
    if (next && !ours) return next();
    if (!url || Number(incoming.headers['content-length'] ?? 0) > maxBodyBytes) {
      outgoing.writeHead(url ? 413 : 400, { Connection: 'close', 'Content-Length': 0 }).end();
      return;
    }
    answer(endpoint, { incoming, outgoing, url, maxBodyBytes }, addressOf)
      .then((given) => send(given, incoming, outgoing))
      .catch((error: unknown) => fail(error, incoming, outgoing));
  };
}

/** One request on its way through Node. */
interface Passage {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  url: URL;
  maxBodyBytes: number;
}

async function answer(endpoint: NodeMountable & Direct, passage: Passage, addressOf: Required<NodeOptions>['addressOf']): Promise<Sent> {
  const info: RequestInfo = { address: addressOf(passage.incoming) };
  const direct = endpoint[DIRECT];
  if (direct) return direct(callFrom(passage), info);
  // Somebody has wrapped the endpoint in a function of their own.
  const response = await endpoint(toRequest(passage), info);
  const { 'set-cookie': _, ...headers } = Object.fromEntries(response.headers);
  // Small and complete: one write with its length, instead of a stream in chunks.
  const whole = response.body && headers['content-type']?.startsWith('application/json') && !passage.outgoing.destroyed;
  const body = whole ? new Uint8Array(await response.arrayBuffer()) : response.body;
  return { status: response.status, headers, cookies: response.headers.getSetCookie(), body };
}

function callFrom(passage: Passage): Call {
  const { incoming, url, maxBodyBytes } = passage;
  const header = (name: string): string | null => {
    const value = incoming.headers[name.toLowerCase()];
    return value === undefined ? null : String(value);
  };
  let request: Request | undefined;
  return {
    method: methodOf(incoming),
    headers: { get: header, has: (name) => header(name) !== null },
    path: url.pathname,
    bytes: (limit) => bytesOf(incoming, Math.min(limit, maxBodyBytes)),
    request: () => (request ??= toRequest(passage)),
  };
}

// undici refuses these methods in a Request; the endpoint has no use for them either.
const methodOf = ({ method = 'GET' }: IncomingMessage): string => (/^(CONNECT|TRACE|TRACK)$/i.test(method) ? 'PATCH' : method);

function toRequest({ incoming, outgoing, url, maxBodyBytes }: Passage): Request {
  const gone = new AbortController();
  const left = () => {
    if (!outgoing.writableFinished) gone.abort();
  };
  if (outgoing.destroyed) left();
  else outgoing.on('close', left);
  const headers = new Headers();
  for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
    const name = incoming.rawHeaders[i]!;
    // HTTP/2 has pseudo headers; they are not for handlers.
    if (!name.startsWith(':')) headers.append(name, incoming.rawHeaders[i + 1]!);
  }
  const method = methodOf(incoming);
  const init: RequestInit & { duplex: 'half' } = { method, headers, signal: gone.signal, duplex: 'half' };
  if (method !== 'GET' && method !== 'HEAD') init.body = bodyOf(incoming, maxBodyBytes);
  return new Request(url, init);
}

async function send({ status, headers, cookies, body }: Sent, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const streamed = body instanceof ReadableStream;
  if (outgoing.destroyed) {
    if (streamed) await body.cancel();
    return;
  }
  const head: Record<string, string | number | readonly string[]> = { ...headers };
  if (cookies.length > 0) head['Set-Cookie'] = cookies;
  // A body that was not read to its end cannot be skipped: the next request on this connection would start in it.
  if (!incoming.complete) head['Connection'] = 'close';
  if (!streamed) {
    if (body !== null) head['Content-Length'] = Buffer.byteLength(body);
    outgoing.writeHead(status, head as OutgoingHttpHeaders).end(body ?? undefined);
    return;
  }
  for (const name in head) outgoing.setHeader(name, head[name]!);
  outgoing.statusCode = status;
  outgoing.flushHeaders();
  const reader = body.getReader();
  outgoing.on('close', () => void reader.cancel().catch(() => {}));
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || outgoing.destroyed) break;
      if (!outgoing.write(value)) await drained(outgoing);
    }
    outgoing.end();
  } catch {
    outgoing.destroy();
  }
}

/** Whatever goes wrong with one request must not become an unhandled rejection: that would end the process for all. */
function fail(error: unknown, incoming: IncomingMessage, outgoing: ServerResponse): void {
  // Who has left is not answered, and has done nothing wrong.
  if (outgoing.destroyed) return;
  observers()({ type: 'fault', what: 'answer a request', message: messageOf(error) });
  if (outgoing.headersSent) return void outgoing.destroy();
  const body = JSON.stringify(unexpected().body);
  const head = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), 'Cache-Control': 'no-store' };
  outgoing.writeHead(500, incoming.complete ? head : { ...head, Connection: 'close' }).end(body);
}

function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      outgoing.off('drain', done);
      outgoing.off('close', done);
      resolve();
    };
    outgoing.on('drain', done);
    outgoing.on('close', done);
  });
}
