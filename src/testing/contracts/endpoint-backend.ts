/** A small HTTP backend for the endpoint suite: the last segment of the path says how it behaves. */
import type { IncomingMessage, ServerResponse } from 'node:http';

const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void => {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
};

const read = async (request: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
};

const GRANT = { access_token: 'token-of-the-suite', expires_in: 60 };

const behaviours: Record<string, (request: IncomingMessage, response: ServerResponse, body: string) => void> = {
  grant: (_, response) => json(response, 200, GRANT),
  refuse: (_, response) => json(response, 401, { error: 'invalid_grant' }),
  busy: (_, response) => json(response, 503, {}, { 'Retry-After': '7' }),
  /** Seven seconds by a clock that is two hours wrong: only the distance to `Date` counts. */
  'busy-date': (_, response) => {
    response.sendDate = false;
    const now = Math.floor(Date.now() / 1000) * 1000 - 7_200_000;
    json(response, 429, {}, { Date: new Date(now).toUTCString(), 'Retry-After': new Date(now + 7_000).toUTCString() });
  },
  'busy-nonsense': (_, response) => json(response, 503, {}, { 'Retry-After': 'soon' }),
  drop: (request) => request.socket.destroy(),
  hang: () => {},
  html: (_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>Wi-Fi</title>'),
  empty: (_, response) => response.writeHead(204).end(),
  huge: (_, response) => json(response, 200, { ...GRANT, padding: 'x'.repeat(300_000) }),
  large: (_, response) => json(response, 200, { ...GRANT, padding: 'x'.repeat(200_000) }),
  /** Headers at once, then a byte at a time, for ever. */
  dribble: (request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    const timer = setInterval(() => response.write(' '), 5);
    request.socket.on('close', () => clearInterval(timer));
  },
  'cut-short': (request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '1000' });
    response.write('{"access_token":', () => request.socket.destroy());
  },
  moved: (request, response) => response.writeHead(307, { Location: request.url!.replace('moved', 'grant') }).end(),
  /** Says what arrived. */
  echo: (request, response, body) =>
    json(response, 200, { method: request.method, path: request.url, headers: request.headers, body }),
};

/** `elsewhere` is another origin to be redirected to. */
export const endpointBackend = (elsewhere: () => string) => async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const body = await read(request);
  const name = new URL(request.url!, 'http://backend').pathname.split('/').pop()!;
  if (name === 'portal') response.writeHead(302, { Location: elsewhere() }).end();
  else (behaviours[name] ?? behaviours['echo']!)(request, response, body);
};
