/** The body of a request as Node brings it: on demand as a stream, or whole. */
import type { IncomingMessage } from 'node:http';
import type { Bytes } from '../encoding.js';

/** Reads on demand and stops at the limit, without destroying the socket the answer still has to go through. */
export function bodyOf(incoming: IncomingMessage, maxBodyBytes: number): ReadableStream<Uint8Array> | Bytes {
  const before = readBefore(incoming);
  if (before && before.length <= maxBodyBytes) return before;
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

/** The whole of a small body, without a stream around it; it stops at the limit as {@link bodyOf} does. */
export function bytesOf(incoming: IncomingMessage, limit: number): Promise<Bytes | 'cut' | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const settle = (bytes: Bytes | 'cut' | undefined) => {
      incoming.off('data', take).off('end', end).off('close', cut).off('error', cut);
      resolve(bytes);
    };
    const take = (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) return void chunks.push(chunk);
      incoming.pause();
      settle(undefined);
    };
    const end = () => settle(chunks.length === 1 ? (chunks[0] as Bytes) : Buffer.concat(chunks));
    const cut = () => settle('cut');
    const before = readBefore(incoming);
    if (before) return settle(before.length > limit ? undefined : before);
    if (Number(incoming.headers['content-length'] ?? 0) > limit) return settle(undefined);
    if (incoming.readableEnded) return end();
    if (incoming.destroyed) return cut();
    incoming.on('data', take).on('end', end).on('close', cut).on('error', cut);
  });
}

/**
 * A body that somebody in front has read already, written again from what was made of it; `undefined` when nobody has.
 * To take it for an empty one would drop the ids of a refresh, and its honest sender be taken for a thief later.
 */
function readBefore(incoming: IncomingMessage): Bytes | undefined {
  if (!incoming.readableEnded) return undefined;
  const { headers } = incoming;
  const { body } = incoming as { body?: unknown };
  if (typeof body === 'string' || body instanceof Uint8Array) return Buffer.from(body as string);
  const type = headers['content-type'] ?? '';
  if (typeof body === 'object' && body !== null) {
    if (/^application\/json\s*(;|$)/i.test(type)) return Buffer.from(JSON.stringify(body));
    if (/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) return Buffer.from(formOf(body).toString());
  }
  if (!(Number(headers['content-length'] ?? 0) > 0) && headers['transfer-encoding'] === undefined) return undefined;
  throw new Error(
    'A body parser in front of the endpoint has read the body of the request, and nothing of it can be had from request.body. ' +
      'Put nodeListener() before express.json() and its like.',
  );
}

const formOf = (fields: object): URLSearchParams =>
  new URLSearchParams(Object.entries(fields).flatMap(([name, value]) => [value].flat().map((one) => [name, String(one)])));
