/** A thin client of the Chrome DevTools protocol with flat sessions. */
import { WebSocket } from 'ws';

export type Params = Record<string, unknown>;

export interface Cdp {
  send<T = Params>(method: string, params?: Params, sessionId?: string): Promise<T>;
  on(listener: (method: string, params: Params, sessionId: string | undefined) => void): () => void;
  close(): void;
}

interface Frame {
  id?: number;
  method?: string;
  params?: Params;
  result?: unknown;
  error?: { message: string };
  sessionId?: string;
}

export async function connect(url: string): Promise<Cdp> {
  const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 1 << 28 });
  await new Promise<void>((open, failed) => {
    socket.once('open', () => open());
    socket.once('error', failed);
  });
  const calls = new Map<number, { method: string; resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  const listeners = new Set<(method: string, params: Params, sessionId: string | undefined) => void>();
  let last = 0;
  socket.on('message', (data) => {
    const frame = JSON.parse(String(data)) as Frame;
    if (frame.id === undefined) {
      for (const listener of listeners) listener(frame.method ?? '', frame.params ?? {}, frame.sessionId);
      return;
    }
    const call = calls.get(frame.id);
    calls.delete(frame.id);
    if (frame.error) call?.reject(new Error(`${call.method}: ${frame.error.message}`));
    else call?.resolve(frame.result);
  });
  const gone = (): void => {
    for (const call of calls.values()) call.reject(new Error(`${call.method}: the browser is gone`));
    calls.clear();
  };
  socket.on('close', gone);
  socket.on('error', gone);
  return {
    send<T>(method: string, params: Params = {}, sessionId?: string) {
      last += 1;
      const id = last;
      return new Promise<T>((resolve, reject) => {
        if (socket.readyState !== WebSocket.OPEN) {
          reject(new Error(`${method}: the browser is gone`));
          return;
        }
        calls.set(id, { method, resolve: resolve as (value: unknown) => void, reject });
        socket.send(JSON.stringify({ id, method, params, ...(sessionId ? { sessionId } : {}) }));
      });
    },
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => socket.close(),
  };
}
