/**
 * A backend as many have it: single-use refresh cookie, no grace, no idea of tabaton.
 * A cookie that was used before is theft: the whole family is revoked. Written without a line of our server.
 */
import { randomBytes } from 'node:crypto';
import type { Backend } from './exchange.js';

const COOKIE = 'rt';

interface Family {
  user: string;
  alive: boolean;
}

export interface StrictOptions {
  /** Seconds. */
  lifetime: number;
}

export interface Strict {
  handle: Backend;
  /** Rotations done so far, over all families. */
  readonly rotations: number;
  /** Families revoked because a used cookie came back. */
  readonly reuses: number;
  /** True while this `Cookie` header would still be accepted. */
  accepts(cookieHeader: string): boolean;
}

export function strict({ lifetime }: StrictOptions): Strict {
  const cookies = new Map<string, { family: Family; used: boolean }>();
  let rotations = 0;
  let reuses = 0;

  const give = (family: Family, status = 200): Response => {
    const cookie = randomBytes(24).toString('base64url');
    cookies.set(cookie, { family, used: false });
    return respond(status, { access_token: accessToken(family.user, lifetime), token_type: 'Bearer', expires_in: lifetime }, [
      `${COOKIE}=${cookie}; Path=/auth; HttpOnly; SameSite=Strict; Max-Age=86400`,
    ]);
  };

  const refresh = (request: Request): Response => {
    const held = cookies.get(presented(request.headers.get('cookie') ?? '') ?? '');
    if (!held?.family.alive) return respond(400, { error: 'invalid_grant' });
    if (held.used) {
      reuses += 1;
      held.family.alive = false;
      return respond(400, { error: 'invalid_grant' });
    }
    held.used = true;
    rotations += 1;
    return give(held.family);
  };

  const login = async (request: Request): Promise<Response> => {
    const { user } = (await request.json()) as { user: string };
    return give({ user, alive: true });
  };

  const logout = (request: Request): Response => {
    const held = cookies.get(presented(request.headers.get('cookie') ?? '') ?? '');
    if (held) held.family.alive = false;
    return respond(200, { ok: true }, [`${COOKIE}=; Path=/auth; HttpOnly; SameSite=Strict; Max-Age=0`]);
  };

  return {
    async handle(request) {
      const route = `${request.method} ${new URL(request.url).pathname}`;
      if (route === 'POST /auth/refresh') return refresh(request);
      if (route === 'POST /auth/login') return login(request);
      if (route === 'POST /auth/logout') return logout(request);
      return respond(404, { error: 'not_found' });
    },
    get rotations() {
      return rotations;
    },
    get reuses() {
      return reuses;
    },
    accepts(cookieHeader) {
      const held = cookies.get(presented(cookieHeader) ?? '');
      return held !== undefined && !held.used && held.family.alive;
    },
  };
}

function respond(status: number, body: unknown, setCookies: string[] = []): Response {
  const headers = new Headers({ 'content-type': 'application/json', 'cache-control': 'no-store' });
  for (const cookie of setCookies) headers.append('set-cookie', cookie);
  return new Response(JSON.stringify(body), { status, headers });
}

function presented(header: string): string | undefined {
  return new RegExp(`(?:^|;\\s*)${COOKIE}=([^;]+)`).exec(header)?.[1];
}

function accessToken(user: string, lifetime: number): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const iat = Math.floor(Date.now() / 1000);
  return `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: user, iat, exp: iat + lifetime })}.${randomBytes(32).toString('base64url')}`;
}
