/** The body of a request as Node brings it: on demand as a stream, or whole. */
import type { IncomingMessage } from 'node:http';
import type { Bytes } from '../encoding.js';

/** Reads on demand and stops at the limit, without destroying the socket the answer still has to go through. */
export function bodyOf(incoming: IncomingMessage, maxBodyBytes: number): ReadableStream<Uint8Array> {
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
    if (Number(incoming.headers['content-length'] ?? 0) > limit) return settle(undefined);
    if (incoming.readableEnded) return end();
    if (incoming.destroyed) return cut();
    incoming.on('data', take).on('end', end).on('close', cut).on('error', cut);
  });
}
