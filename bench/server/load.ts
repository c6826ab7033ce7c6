/** Load over keep-alive connections of plain sockets: a client that costs little, so that the server is what is measured. */
import { connect, type Socket } from 'node:net';
import type { Presented } from './words.js';

export interface Reply {
  status: number;
  head: string;
  body: string;
}

export interface Loaded {
  perSecond: number;
  p50: number;
  p99: number;
  /** All answers, those of the warm-up too. */
  answers: number;
  /** How often each outcome came. */
  outcomes: Record<string, number>;
}

/** One request at a time over one connection. */
function connection(port: number): { ask(request: string): Promise<Reply>; close(): void } {
  const socket: Socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  let received = '';
  let waiting: { resolve(reply: Reply): void; reject(error: Error): void } | undefined;
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    received += chunk;
    const reply = parse(received);
    if (!reply || !waiting) return;
    received = '';
    const { resolve } = waiting;
    waiting = undefined;
    resolve(reply);
  });
  socket.on('error', (error) => waiting?.reject(error));
  socket.on('close', () => waiting?.reject(new Error('The server closed a connection.')));
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(request, 'latin1');
      }),
    close: () => socket.destroy(),
  };
}

function parse(text: string): Reply | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  const status = Number(head.slice(9, 12));
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  const rest = text.slice(end + 4);
  if (length !== undefined) return rest.length >= Number(length) ? { status, head, body: rest.slice(0, Number(length)) } : undefined;
  if (!/\r\ntransfer-encoding: chunked/i.test(head)) return { status, head, body: '' };
  return rest.endsWith('0\r\n\r\n') ? { status, head, body: rest.replaceAll(/(^|\r\n)[0-9a-f]+\r\n/gi, '') } : undefined;
}

export interface Run {
  port: number;
  families: Presented[];
  connections: number;
  warmUpMs: number;
  ms: number;
  /** Ends after so many requests, if that comes first. */
  most?: number;
  request(family: Presented, serial: number): string;
  /** Takes the answer in and names its outcome. */
  taken(family: Presented, reply: Reply): string;
}

export async function load({ port, families, connections, warmUpMs, ms, most = Infinity, request, taken }: Run): Promise<Loaded> {
  const queue = [...families];
  const outcomes: Record<string, number> = {};
  const times: number[] = [];
  let serial = 0;
  const begun = performance.now();
  const from = begun + warmUpMs;
  const until = from + ms;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const line = connection(port);
      for (;;) {
        const family = queue.shift()!;
        const sent = performance.now();
        if (sent >= until || serial >= most) break;
        serial += 1;
        const reply = await line.ask(request(family, serial));
        const done = performance.now();
        const outcome = taken(family, reply);
        queue.push(family);
        if (sent < from || done > until) continue;
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        times.push(done - sent);
      }
      line.close();
    }),
  );
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  const lasted = Math.min(ms, performance.now() - from);
  return { perSecond: (times.length / lasted) * 1_000, p50: at(0.5), p99: at(0.99), answers: serial, outcomes };
}
