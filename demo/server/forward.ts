/** Belong to one connection, not to what is said over it. `host` and `content-length` are written anew. */
const OF_THE_CONNECTION = ['connection', 'keep-alive', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'expect', 'host', 'content-length'];

/** The node was not there, or ended before it had answered. */
export class NodeGoneError extends Error {}

/** Hands a request on to a node as it came, and its answer back as it comes: event streams flow through. */
export async function forward(request: Request, origin: string | undefined): Promise<Response> {
  if (origin === undefined) throw new NodeGoneError('No node is alive.');
  const { pathname, search } = new URL(request.url);
  const body = request.body ? await request.arrayBuffer() : undefined;
  try {
    const answer = await fetch(`${origin}${pathname}${search}`, {
      method: request.method,
      headers: passedOn(request.headers),
      redirect: 'manual',
      signal: request.signal,
      ...(body ? { body } : {}),
    });
    return new Response(answer.body, { status: answer.status, headers: passedOn(answer.headers) });
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw new NodeGoneError('A node ended before it had answered.', { cause: error });
  }
}

function passedOn(headers: Headers): Headers {
  const kept = new Headers(headers);
  for (const name of OF_THE_CONNECTION) kept.delete(name);
  return kept;
}
