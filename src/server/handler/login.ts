/**
 * `POST /auth/login`: the application decides who it is, the endpoint does the rest: limits, equal time for
 * unknown users, a new family under a cookie name of its own, and the end of the one before.
 */
import type { ClientKind } from '../config/clients.js';
import type { Authenticated, RequestInfo } from '../config/endpoint-options.js';
import type { FamilyRecord } from '../families/family.js';
import { upstreamFailure } from '../upstream/failure.js';
import { inTime } from '../upstream/in-time.js';
import type { UpstreamTokens } from '../upstream/upstream.js';
import { arrived, isJson, objectFrom, readBytes } from './body.js';
import { malformed, ok, refusal, type Draft } from './draft.js';
import { foundFamily } from './found-family.js';
import { isNative, type Caller } from './gate.js';
import { accountsIn, LoginRequest, UnreadableLoginError } from './login-request.js';
import { obtainToken } from './obtain-token.js';
import type { Service } from './service.js';
import { tokenAnswer, tokenAsk } from './token-ask.js';
import { wantedOf } from './wanted.js';
import { welcome } from './welcome.js';

const MAX_LOGIN_BYTES = 65_536;
const GRANT_MS = 10_000;
const LOGGED_IN: readonly ClientKind[] = ['web', 'mobile', 'desktop', 'cli'];

export async function login(service: Service, request: Request, caller: Caller, info: RequestInfo): Promise<Draft> {
  const { authenticate } = service;
  if (!authenticate) return malformed('This endpoint signs in through its provider: GET /login.');
  const started = service.clock.now();
  const bytes = await arrived(service, readBytes(request, MAX_LOGIN_BYTES));
  if (bytes === 'cut') return malformed('The body ended before it was complete.');
  if (bytes === undefined) return malformed(`The body is larger than ${MAX_LOGIN_BYTES} bytes.`);
  // The application would stumble over it: anybody's garbage would be a 500, a defect in the log and a try of some account.
  const object = isJson(request.headers) ? (bytes.length === 0 ? 'The body is empty.' : objectFrom(request.headers, bytes)) : {};
  if (typeof object === 'string') return malformed(object);
  const copy = () => new LoginRequest(request.url, { method: 'POST', headers: request.headers, body: bytes.slice() });

  const accounts = await readable(() => accountsOf(service, copy));
  if ('draft' in accounts) return accounts.draft;
  const slot = await service.logins.take(accounts.read, info.address ?? '');
  const native = isNative(caller);
  const finished = (result: 'ok' | 'failed' | 'limited', client: ClientKind = native ? 'mobile' : 'web') =>
    service.observe({ type: 'login', result, client, ms: service.clock.now() - started });
  if (slot.waitMs > 0) {
    finished('limited');
    return refusal(429, 'slow_down', 'rate_limited', 'Too many failed logins. Wait and try again.', { retryAfterMs: slot.waitMs });
  }
  const authenticated = await readable(() => authenticate(copy()));
  if ('draft' in authenticated) {
    await slot.giveBack();
    return authenticated.draft;
  }
  const user = authenticated.read;
  if (!user) {
    await pace(service, started);
    finished('failed');
    return refusal(400, 'invalid_grant', 'login_failed', 'The credentials were not accepted.');
  }
  await slot.giveBack();
  const client = clientFor(user, native);
  const family = await foundFamily(service, {
    origin: caller.origin,
    client,
    userAgent: request.headers.get('User-Agent'),
    user,
    tokens: user.tokens ?? (await firstGrant(service, user.sub, client)),
  });
  const { cookies } = native ? { cookies: [] } : await welcome(service, request, caller.origin, family);
  finished('ok', client);
  return withFirstToken(service, family, cookies);
}

function clientFor({ client }: Authenticated, native: boolean): ClientKind {
  if (client === undefined) return native ? 'mobile' : 'web';
  if (!LOGGED_IN.includes(client)) throw new Error(`authenticate() returned the client "${client}". Return one of ${LOGGED_IN.join(', ')}.`);
  if (client === 'web' && native) throw new Error('authenticate() returned the client "web" for an app that is no page.');
  return client;
}

/** A function-shaped upstream gives its first tokens at login, unless the login itself brought them. @throws UpstreamError */
export async function firstGrant({ clock, grant }: Service, user: string, client: ClientKind): Promise<UpstreamTokens | null> {
  if (!grant) return null;
  try {
    return await inTime(clock, GRANT_MS, (signal) => grant({ client, user }, signal));
  } catch (error) {
    throw upstreamFailure(error);
  }
}

/** The login's answer is that of a refresh, so that no request is needed for the first token. */
export async function withFirstToken(service: Service, family: FamilyRecord, cookies: string[]): Promise<Draft> {
  const wanted = await wantedOf(family, undefined, undefined, null);
  if (typeof wanted === 'string') throw new Error('Everything granted can always be asked for.');
  const ask = tokenAsk(service, family, wanted, { reason: 'startup', have: null, minTtlMs: 0 });
  const found = await obtainToken(service, family, wanted, ask);
  if (found.kind === 'none') throw new Error('A family died at its birth.');
  const answer = tokenAnswer(found.family, wanted, found.token, found.accessToken, found.now, 'rotated');
  if (family.credential === 'body') answer.refresh_token = await service.credentials.derive(family, family.rot);
  return ok(answer, cookies);
}

/** Failures take a whole multiple of the pace, so that their duration says nothing about the account. */
function pace(service: Service, started: number): Promise<void> {
  const spent = service.clock.now() - started;
  const rest = service.loginPaceMs - (spent % service.loginPaceMs);
  return new Promise((resolve) => service.clock.after(rest, resolve));
}

async function accountsOf({ accountOf }: Service, copy: () => Request): Promise<string[]> {
  if (!accountOf) return accountsIn(copy);
  const account = (await accountOf(copy()))?.slice(0, 320);
  return account ? [account] : [];
}

/** What the application makes of the request, or what to answer to one it cannot read. */
async function readable<T>(run: () => Promise<T>): Promise<{ read: T } | { draft: Draft }> {
  try {
    return { read: await run() };
  } catch (error) {
    if (error instanceof UnreadableLoginError) return { draft: malformed(error.message) };
    throw error;
  }
}
