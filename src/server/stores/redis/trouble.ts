/** Why a client has no connection. Only codes and numeric addresses: a message may quote a URL, and that a password. */

/** The part of both libraries' clients that is listened to. */
interface Troubled {
  on(event: string, listener: (error?: unknown) => void): unknown;
}

/** Listens from now on; the function tells the last failure in a few words, nothing once there is a connection. */
export function troubleOf(client: Troubled): () => string | undefined {
  let last: string | undefined;
  client.on('error', (error) => (last = wordFor(error)));
  client.on('ready', () => (last = undefined));
  return () => last;
}

function wordFor(error: unknown): string | undefined {
  const { code, address, port, message = '' } = (error ?? {}) as { code?: unknown; address?: unknown; port?: unknown; message?: string };
  const where = typeof address === 'string' && typeof port === 'number' ? ` ${address}:${port}` : '';
  if (typeof code === 'string') return code + where;
  // What Redis itself says starts with its word: WRONGPASS, NOAUTH, LOADING.
  return /^[A-Z]{3,}\b/.exec(message)?.[0];
}
