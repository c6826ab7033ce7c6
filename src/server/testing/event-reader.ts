/** Reads an event stream as a test wants it: whole events, and nothing on the wall clock. */

export interface ReadEvent {
  event: string;
  data: Record<string, unknown>;
  id: string | undefined;
}

export interface EventReader {
  readonly response: Response;
  /** The next event; `undefined` at the end of the stream. */
  next(): Promise<ReadEvent | undefined>;
  /** Everything that came, as text. */
  readonly text: string;
  cancel(): Promise<void>;
}

export function eventReader(response: Response): EventReader {
  const reader = response.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const decoder = new TextDecoder();
  let text = '';
  let rest = '';
  return {
    response,
    get text() {
      return text;
    },
    async next() {
      for (;;) {
        const end = rest.indexOf('\n\n');
        if (end < 0) {
          const { done, value } = await reader.read();
          if (done) return undefined;
          const more = decoder.decode(value, { stream: true });
          text += more;
          rest += more;
          continue;
        }
        const block = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (/^(:|retry:)/.test(block)) continue;
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
        return { event: field('event')!, data: JSON.parse(field('data')!) as Record<string, unknown>, id: field('id') };
      }
    },
    cancel: () => reader.cancel(),
  };
}
