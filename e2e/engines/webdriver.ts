/** The few commands of WebDriver that a row needs. @see https://www.w3.org/TR/webdriver2/ */

export interface WebDriver {
  /** In the window `handle`; one command after the other, for the driver knows one window at a time. */
  send<T>(handle: string, method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<T>;
  newTab(): Promise<string>;
  quit(): Promise<void>;
}

export async function connect(base: string, capabilities: unknown): Promise<WebDriver> {
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const reply = await fetch(base + path, method === 'POST' ? { method, body: JSON.stringify(body ?? {}) } : { method });
    const { value } = (await reply.json()) as { value: T & { error?: string; message?: string } };
    if (!reply.ok) throw new Error(`${method} ${path}: ${value.error} ${value.message}`);
    return value;
  };
  const { sessionId } = await call<{ sessionId: string }>('POST', '/session', { capabilities });
  const session = `/session/${sessionId}`;
  // Stays open: the session would end with its last window.
  const home = await call<string>('GET', `${session}/window`);
  let queue: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = queue.then(work);
    queue = done.catch(() => undefined);
    return done;
  };
  const send = <T>(handle: string, method: string, path: string, body?: unknown): Promise<T> =>
    inTurn(async () => {
      await call('POST', `${session}/window`, { handle });
      return call<T>(method, session + path, body);
    });
  return {
    send,
    newTab: async () => (await send<{ handle: string }>(home, 'POST', '/window/new', { type: 'tab' })).handle,
    quit: () => inTurn(() => call('DELETE', session)),
  };
}
