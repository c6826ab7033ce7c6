/**
 * tabaton/server/node: the endpoint behind Node's `http`.
 *
 * The URL of a request is built from the configured public origin, never from `Host` or `X-Forwarded-*`: what a
 * client writes there must not decide which cookies are set.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestInfo } from './config/endpoint-options.js';

export type { RequestInfo };

/** What the adapter needs of an endpoint. */
export interface NodeMountable {
  (request: Request, info?: RequestInfo): Promise<Response>;
  readonly publicOrigin: string;
  readonly mount: string;
}

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

/** Answers a request, or calls `next` when its path is not below the mount. */
export type NodeListener = (request: IncomingMessage, response: ServerResponse, next?: () => void) => void;

/**
 * Puts the endpoint behind Node's `http`, alone or as a middleware.
 *
 * @example
 * createServer(nodeListener(endpoint)).listen(3000);
 * app.use(nodeListener(endpoint)); // Express
 */
export function nodeListener(endpoint: NodeMountable, options: NodeOptions = {}): NodeListener {
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
    const gone = new AbortController();
    outgoing.on('close', () => {
      if (!outgoing.writableFinished) gone.abort();
    });
    const request = toRequest(incoming, url, maxBodyBytes, gone.signal);
    endpoint(request, { address: addressOf(incoming) }).then(
      (response) => send(response, incoming, outgoing),
      () => outgoing.destroy(),
    );
  };
}

function toRequest(incoming: IncomingMessage, url: URL, maxBodyBytes: number, signal: AbortSignal): Request {
  const headers = new Headers();
  for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
    const name = incoming.rawHeaders[i]!;
    // HTTP/2 has pseudo headers; they are not for handlers.
    if (!name.startsWith(':')) headers.append(name, incoming.rawHeaders[i + 1]!);
  }
  const method = incoming.method ?? 'GET';
  const bodyless = method === 'GET' || method === 'HEAD';
  // undici refuses these methods in a Request; the endpoint has no use for them either.
  const known = /^(CONNECT|TRACE|TRACK)$/i.test(method) ? 'PATCH' : method;
  const init: RequestInit & { duplex: 'half' } = { method: known, headers, signal, duplex: 'half' };
  if (!bodyless) init.body = bodyOf(incoming, maxBodyBytes);
  return new Request(url, init);
}

/** Reads on demand and stops at the limit, without destroying the socket the answer still has to go through. */
function bodyOf(incoming: IncomingMessage, maxBodyBytes: number): ReadableStream<Uint8Array> {
  const chunks = incoming.iterator({ destroyOnReturn: false });
  let read = 0;
  return new ReadableStream({
    async pull(controller) {
      const next = await chunks.next();
      if (next.done) return controller.close();
      read += (next.value as Uint8Array).length;
      // One byte over is enough for the reader to see that it is too much.
      if (read > maxBodyBytes) return controller.error(new RangeError('The body is too large.'));
      controller.enqueue(next.value as Uint8Array);
    },
    async cancel() {
      await chunks.return?.();
    },
  });
}

async function send(response: Response, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  if (outgoing.destroyed) {
    await response.body?.cancel();
    return;
  }
  const cookies = response.headers.getSetCookie();
  for (const [name, value] of response.headers) if (name !== 'set-cookie') outgoing.setHeader(name, value);
  if (cookies.length > 0) outgoing.setHeader('Set-Cookie', cookies);
  // A body that was not read to its end cannot be skipped: the next request on this connection would start in it.
  if (!incoming.complete) outgoing.setHeader('Connection', 'close');
  outgoing.statusCode = response.status;
  if (!response.body) {
    outgoing.end();
    return;
  }
  if (response.headers.get('Content-Type')?.startsWith('application/json')) {
    // Small and complete: one write with its length, instead of a stream in chunks.
    outgoing.end(new Uint8Array(await response.arrayBuffer()));
    return;
  }
  outgoing.flushHeaders();
  const reader = response.body.getReader();
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
