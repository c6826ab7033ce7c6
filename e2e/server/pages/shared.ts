/** A shared worker has no door for the test's debugger, so commands come through its port. */
import { type Command, optionsOf, subject } from './subject.js';

const commands = subject(optionsOf(location.href));

interface Call {
  id: number;
  command: Command;
  args: unknown[];
}

addEventListener('connect', (event) => {
  const [port] = (event as MessageEvent).ports;
  if (!port) return;
  port.onmessage = async ({ data }: MessageEvent<Call>) => {
    const command = commands[data.command] as (...args: unknown[]) => unknown;
    port.postMessage({ id: data.id, value: await command(...data.args) });
  };
  port.postMessage({ id: 0, value: 'ready' });
});
