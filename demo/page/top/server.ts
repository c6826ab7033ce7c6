import type { Action, StreamEvents } from '../../contract.js';

type Listener<Name extends keyof StreamEvents> = (data: StreamEvents[Name]) => void;

/** The demo's server as the page knows it: its log, and the faults it can be asked for. */
export class ServerLine {
  readonly #source = new EventSource('/demo/events');

  on<Name extends keyof StreamEvents>(name: Name, listener: Listener<Name>): () => void {
    const hear = (event: MessageEvent<string>): void => listener(JSON.parse(event.data) as StreamEvents[Name]);
    this.#source.addEventListener(name, hear);
    return () => this.#source.removeEventListener(name, hear);
  }

  /** The log was interrupted (`false`) or flows (`true`). */
  onConnection(listener: (connected: boolean) => void): void {
    this.#source.addEventListener('error', () => listener(false));
    this.#source.addEventListener('open', () => listener(true));
  }

  async ask(action: Action): Promise<void> {
    const response = await fetch(`/demo/${action}`, { method: 'POST', headers: { 'x-demo': '1' } }).catch(() => {
      throw new Error('The server does not answer. Start it again.');
    });
    if (!response.ok) throw new Error(`The demo's server refused "${action}" with ${response.status}.`);
  }
}
