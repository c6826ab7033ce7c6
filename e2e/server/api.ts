/** The protected API: knows exactly the tokens that were issued, and can expire all of them at once. */
import type { Backend } from './exchange.js';

export interface Api {
  handle: Backend;
  /** Called by the fault layer for every access token a backend hands out, lost replies included. */
  issued(token: string, user: string | undefined): void;
  /** From now on every token issued so far gets a 401. */
  expireAll(): void;
  /** Requests that carried a token and were refused. */
  readonly rejections: number;
  /** Requests that carried no token at all. */
  readonly anonymous: number;
  readonly accepted: number;
  /** Every access token ever issued. */
  readonly tokens: readonly string[];
  /** Counts anew; tokens stay known. */
  clear(): void;
}

export function api(): Api {
  const known = new Map<string, { user: string | undefined; live: boolean }>();
  const counts = { rejections: 0, anonymous: 0, accepted: 0 };

  return {
    async handle(request) {
      const bearer = /^Bearer (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1];
      const token = bearer === undefined ? undefined : known.get(bearer);
      const body = await request.text();
      if (bearer === undefined) counts.anonymous += 1;
      else if (!token?.live) counts.rejections += 1;
      else counts.accepted += 1;
      if (!token?.live)
        return new Response('{"error":"invalid_token"}', {
          status: 401,
          headers: { 'content-type': 'application/json', 'www-authenticate': 'Bearer error="invalid_token"' },
        });
      return Response.json({ user: token.user ?? null, echo: body, method: request.method });
    },
    issued: (token, user) => void known.set(token, { user, live: true }),
    expireAll() {
      for (const token of known.values()) token.live = false;
    },
    get rejections() {
      return counts.rejections;
    },
    get anonymous() {
      return counts.anonymous;
    },
    get accepted() {
      return counts.accepted;
    },
    get tokens() {
      return [...known.keys()];
    },
    clear: () => void Object.assign(counts, { rejections: 0, anonymous: 0, accepted: 0 }),
  };
}
