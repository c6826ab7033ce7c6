/** A worker whose commands come through a port: no test's debugger reaches into every kind of them. */
import type { Command, Subject } from './subject.js';

interface Call {
  id: number;
  command: Command;
  args: unknown[];
}

interface Port {
  onmessage: ((event: MessageEvent<Call>) => unknown) | null;
  postMessage(value: unknown): void;
}

/** Says that it is ready as the answer to call 0. */
export function answering(commands: Subject, port: Port): void {
  port.onmessage = async ({ data }: MessageEvent<Call>) => {
    const command = commands[data.command] as (...args: unknown[]) => unknown;
    port.postMessage({ id: data.id, value: await command(...data.args) });
  };
  port.postMessage({ id: 0, value: 'ready' });
}
