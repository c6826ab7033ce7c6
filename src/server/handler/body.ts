/** Reads a small JSON object from a request that may be hostile. */
import type { Bytes } from '../encoding.js';
import type { Settings } from './service.js';
import { within } from './within.js';

export const MAX_REQUEST_BYTES = 8_192;

/** Keeps nothing between two texts; to make one takes longer than to use it. */
const strict = new TextDecoder('utf-8', { fatal: true });

/** The sender dribbles. */
export class SlowBodyError extends Error {}

/** Waits for a body that is being read, and no longer: its sender must not hold the answer. @throws SlowBodyError */
export const arrived = <T>({ clock, timing }: Pick<Settings, 'clock' | 'timing'>, reading: Promise<T>): Promise<T> =>
  within(clock, timing.bodyWaitMs, reading, () => new SlowBodyError());

/** The object, `{}` for an empty body, or a sentence that says what is wrong with it. */
export async function readObject(service: Settings, request: Request): Promise<Record<string, unknown> | string> {
  return objectFrom(request.headers, await arrived(service, readBytes(request, MAX_REQUEST_BYTES)));
}

export const isJson = (headers: Pick<Headers, 'get'>): boolean => /^application\/json\s*(;|$)/i.test(headers.get('Content-Type') ?? '');

/** The same from a body that has been read, at most {@link MAX_REQUEST_BYTES} of it. */
export function objectFrom(headers: Pick<Headers, 'get'>, bytes: Bytes | 'cut' | undefined): Record<string, unknown> | string {
  if (bytes === 'cut') return 'The body ended before it was complete.';
  if (bytes === undefined) return `The body is larger than ${MAX_REQUEST_BYTES} bytes.`;
  if (bytes.length === 0) return {};
  if (!isJson(headers)) return 'Send the body as Content-Type: application/json.';
  let value: unknown;
  try {
    value = JSON.parse(strict.decode(bytes));
  } catch {
    return 'The body is not JSON in UTF-8.';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'The body is not a JSON object.';
  return value as Record<string, unknown>;
}

/** The whole body; `undefined` when it is larger than allowed, however it is announced; `cut` when its sender left. */
export async function readBytes(request: Request, limit: number): Promise<Bytes | 'cut' | undefined> {
  if (Number(request.headers.get('Content-Length') ?? 0) > limit) return undefined;
  if (!request.body) return new Uint8Array();
  const reader = request.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const next = await reader.read().catch(() => undefined);
    if (!next) return 'cut';
    const { done, value } = next;
    if (done) break;
    length += value.length;
    if (length > limit) {
      await reader.cancel().catch(() => {});
      return undefined;
    }
    chunks.push(value);
  }
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}
