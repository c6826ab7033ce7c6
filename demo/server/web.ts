import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';

/** Says that no reply is to be sent and the connection is to be destroyed. */
export const GONE = Symbol('gone');
export type Handler = (request: Request) => Promise<Response | typeof GONE>;

const LARGEST_BODY = 64 * 1024;

/** Serves `(Request) => Response` on loopback. Unlike a product's adapter it can also lose a reply on purpose. */
export class WebServer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static listen(port: number, handlerFor: (origin: string) => Handler | Promise<Handler>): Promise<WebServer> {
    return new Promise((done, fail) => {
      let handler: Handler | undefined;
      let origin = '';
      const server = createServer((incoming, outgoing) => {
        if (handler) void answer(handler, origin, incoming, outgoing);
        else outgoing.destroy();
      });
      server.once('error', fail);
      server.listen(port, '127.0.0.1', () => {
        origin = `http://localhost:${(server.address() as AddressInfo).port}`;
        const open = async (): Promise<WebServer> => {
          handler = await handlerFor(origin);
          return new WebServer(server);
        };
        open().then(done, (error: unknown) => {
          server.close();
          fail(error);
        });
      });
    });
  }

  get origin(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): Promise<void> {
    return new Promise((done) => {
      this.#server.close(() => done());
      this.#server.closeAllConnections();
    });
  }
}

async function answer(handler: Handler, origin: string, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const gone = new AbortController();
  outgoing.once('close', () => gone.abort());
  try {
    const misdirected = redirectToOrigin(origin, incoming);
    const reply = misdirected ?? (await handler(await toRequest(origin, incoming, gone.signal)));
    if (reply === GONE) incoming.socket.destroy();
    else await send(reply, outgoing);
  } catch (error) {
    // A client that left is not a fault of the server; anything else is, and says so without its message.
    if (gone.signal.aborted) return;
    console.error(`demo: ${incoming.method} ${incoming.url?.split('?')[0]} failed`, error);
    if (!outgoing.headersSent) outgoing.writeHead(500).end();
    else outgoing.destroy();
  }
}

/** The cookies belong to `localhost`: whoever comes by another name is sent there (and no other name is ever served). */
function redirectToOrigin(origin: string, incoming: IncomingMessage): Response | undefined {
  if (`http://${incoming.headers.host}` === origin) return undefined;
  if (incoming.method !== 'GET') return new Response(null, { status: 421 });
  return new Response(null, { status: 307, headers: { location: new URL(pathOf(incoming), origin).href } });
}

/** A request target is a path here; `//host` would otherwise name another host. */
const pathOf = (incoming: IncomingMessage): string => `/${(incoming.url ?? '/').replace(/^\/+/, '')}`;

async function toRequest(origin: string, incoming: IncomingMessage, signal: AbortSignal): Promise<Request> {
  const headers = new Headers();
  for (let i = 0; i < incoming.rawHeaders.length; i += 2)
    headers.append(incoming.rawHeaders[i] ?? '', incoming.rawHeaders[i + 1] ?? '');
  const method = incoming.method ?? 'GET';
  const body = method === 'GET' || method === 'HEAD' ? undefined : await readBody(incoming);
  return new Request(new URL(pathOf(incoming), origin), { method, headers, signal, ...(body?.length ? { body } : {}) });
}

async function readBody(incoming: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of incoming) {
    size += (part as Buffer).length;
    if (size > LARGEST_BODY) throw new Error('The body is larger than 64 kB.');
    parts.push(part as Buffer);
  }
  return new Uint8Array(Buffer.concat(parts));
}

async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  for (const [name, value] of response.headers) if (name !== 'set-cookie') outgoing.setHeader(name, value);
  const cookies = response.headers.getSetCookie();
  if (cookies.length) outgoing.setHeader('set-cookie', cookies);
  outgoing.writeHead(response.status);
  if (!response.body) return void outgoing.end();
  outgoing.flushHeaders();
  const body = Readable.fromWeb(response.body as import('node:stream/web').ReadableStream);
  body.once('error', () => outgoing.destroy());
  outgoing.once('close', () => body.destroy());
  body.pipe(outgoing);
}
