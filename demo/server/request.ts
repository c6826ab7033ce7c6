import type { Sender } from '../contract.js';

/**
 * Which context sent this. Contexts are told apart by the address of their document, which a same-origin request
 * carries in `Referer`: no header of the demo's own travels with a refresh.
 */
export function senderOf(request: Request): Sender {
  const referer = request.headers.get('referer');
  if (!referer || !URL.canParse(referer)) return 'unknown';
  const { pathname, searchParams } = new URL(referer);
  const id = searchParams.get('id');
  if (id && /^[a-z0-9-]{1,40}$/.test(id)) return id;
  return pathname === '/tab' ? 'tab' : 'page';
}

export function bearerOf(request: Request): string | undefined {
  return /^Bearer ([\w.~+/-]+=*)$/.exec(request.headers.get('authorization') ?? '')?.[1];
}

export const json = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  });
