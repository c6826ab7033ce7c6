import type { Hello, StreamEvents } from '../contract.js';
import type { Clock } from './clock.js';
import type { ServerLog } from './log.js';
import type { TallyBook } from './tally.js';

const HEARTBEAT_MS = 20_000;

/** `GET /demo/events`: the server's log as server-sent events. */
export class LogStream {
  readonly #open = new Set<(text: string) => void>();
  readonly #ends = new Set<() => void>();

  constructor(
    private readonly clock: Clock,
    private readonly hello: () => Hello,
    log: ServerLog,
    tallies: TallyBook,
  ) {
    log.subscribe((line) => this.send('line', line));
    tallies.subscribe((tally) => this.send('tally', tally));
  }

  send<Name extends keyof StreamEvents>(name: Name, data: StreamEvents[Name]): void {
    const text = frame(name, data);
    for (const push of this.#open) push(text);
  }

  respond(signal: AbortSignal): Response {
    const encoder = new TextEncoder();
    let end = (): void => {};
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        const push = (text: string): void => controller.enqueue(encoder.encode(text));
        let cancelBeat = (): void => {};
        const beat = (): void => {
          push(': beat\n\n');
          cancelBeat = this.clock.after(HEARTBEAT_MS, beat);
        };
        end = () => {
          if (!this.#open.delete(push)) return;
          this.#ends.delete(end);
          cancelBeat();
          try {
            controller.close();
          } catch {
            // Already cancelled by the reader: nothing is left to close.
          }
        };
        push(`retry: 1000\n\n${frame('hello', this.hello())}`);
        this.#open.add(push);
        this.#ends.add(end);
        cancelBeat = this.clock.after(HEARTBEAT_MS, beat);
        signal.addEventListener('abort', end, { once: true });
      },
      cancel: () => end(),
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' } });
  }

  close(): void {
    for (const end of [...this.#ends]) end();
  }
}

const frame = (name: string, data: unknown): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
