import type { IncomingMessage, ServerResponse } from 'node:http';
import { deferred } from './barrier.js';
import type { Entry } from './journal.js';

/** One request on its way through the fault layer. A fault decides when the backend acts and what the browser sees. */
export interface Exchange {
  readonly entry: Entry;
  /** Lets the backend act; the same answer when called again. */
  act(): Promise<Response>;
  send(answer: Response): Promise<void>;
  /** Headers now, then one byte of body whenever `more` resolves, without end. */
  dribble(answer: Response, more: () => Promise<void>): Promise<void>;
  /** Destroys the socket. */
  cut(): void;
  /** Resolves when the browser has gone away. */
  readonly gone: Promise<void>;
}

export type Backend = (request: Request) => Promise<Response>;

export interface Wire {
  request: IncomingMessage;
  response: ServerResponse;
  origin: string;
  body: Buffer;
}

export function exchange(wire: Wire, entry: Entry, backend: Backend): Exchange {
  const { request, response } = wire;
  const gone = deferred<void>();
  response.once('close', () => {
    if (!response.writableFinished) entry.gone = true;
    gone.resolve();
  });
  let answer: Promise<Response> | undefined;
  const head = (from: Response): void => {
    entry.sent = from.status;
    response.statusCode = from.status;
    from.headers.forEach((value, name) => {
      if (name !== 'set-cookie') response.setHeader(name, value);
    });
    const cookies = from.headers.getSetCookie();
    if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  };
  return {
    entry,
    gone: gone.promise,
    async act() {
      answer ??= backend(toRequest(wire)).then((acted) => remember(entry, acted));
      return (await answer).clone();
    },
    async send(from) {
      if (response.destroyed) return;
      head(from);
      if (from.body && entry.method !== 'HEAD') for await (const chunk of from.body) response.write(chunk);
      response.end();
    },
    async dribble(from, more) {
      if (response.destroyed) return;
      head(from);
      response.removeHeader('content-length');
      for (const byte of Buffer.from(await from.text())) {
        response.write(Buffer.of(byte));
        await Promise.race([more(), gone.promise]);
        if (response.destroyed) return;
      }
      await gone.promise;
    },
    cut() {
      entry.sent = 'cut';
      request.socket.destroy();
    },
  };
}

async function remember(entry: Entry, acted: Response): Promise<Response> {
  entry.acted = true;
  entry.status = acted.status;
  entry.setCookies = acted.headers.getSetCookie();
  if (acted.headers.get('content-type')?.includes('json')) entry.json = (await acted.clone().json()) as Record<string, unknown>;
  return acted;
}

function toRequest({ request, origin, body }: Wire): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (Array.isArray(value)) for (const one of value) headers.append(name, one);
    else if (value !== undefined) headers.set(name, value);
  }
  const method = request.method ?? 'GET';
  const withBody = method !== 'GET' && method !== 'HEAD' && body.length > 0;
  return new Request(new URL(request.url ?? '/', origin), { method, headers, ...(withBody ? { body: new Uint8Array(body) } : {}) });
}
