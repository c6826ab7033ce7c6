import { createHash } from 'node:crypto';
import { type Clock, sleep } from './clock.js';
import type { ServerLog } from './log.js';
import { bearerOf, json, senderOf } from './request.js';
import type { StrictEndpoint } from './strict.js';
import type { TallyBook } from './tally.js';
import type { Handler } from './web.js';

interface Parts {
  clock: Clock;
  log: ServerLog;
  tallies: TallyBook;
  strict: StrictEndpoint;
  /** Ms between the server's decision and its reply: what a network costs, the same on both stages. */
  latency: number;
  /** Makes the cookie's name this demo's own: cookies do not know ports. */
  port: string;
}

/** The left stage's routes: `POST /each/login`, `POST /each/refresh`, `GET /each/me`. */
export function eachRoutes({ clock, log, tallies, strict, latency, port }: Parts): Handler {
  const cookieName = `demo-each-${port}`;
  const cookie = (credential: string): string => `${cookieName}=${credential}; HttpOnly; SameSite=Strict; Path=/each`;

  const login: Handler = async (request) => {
    const record = log.open('each', 'login', senderOf(request));
    const body = (await request.json().catch(() => ({}))) as { until?: unknown };
    const grant = strict.signIn(typeof body.until === 'number' ? body.until : undefined);
    record.answered(200);
    return json(200, tokenBody(grant, clock.now()), { 'set-cookie': cookie(grant.credential) });
  };

  const refresh: Handler = async (request) => {
    const credential = readCookie(request, cookieName);
    const expiry = createHash('sha256').update(credential ?? '').digest('hex');
    const record = log.open('each', 'refresh', senderOf(request), 'expiring');
    tallies.arrived('each', expiry);
    const answer = strict.refresh(credential);
    await sleep(clock, latency);
    const refused = answer.kind === 'refused';
    tallies.answered('each', expiry, refused);
    if (refused) {
      record.answered(400, { reason: 'invalid_grant' });
      // Not one word about the cookie: a loser that deletes it would take the winner's along.
      return json(400, { error: 'invalid_grant', error_description: 'This refresh credential was used before.' });
    }
    record.answered(200, { outcome: 'rotated' });
    return json(200, tokenBody(answer.grant, clock.now()), { 'set-cookie': cookie(answer.grant.credential) });
  };

  const me: Handler = async (request) => {
    const record = log.open('each', 'api', senderOf(request));
    const token = bearerOf(request);
    const status = token !== undefined && strict.accepts(token) ? 200 : 401;
    record.answered(status);
    return status === 200 ? json(200, { name: 'Ada' }) : json(401, { error: 'invalid_token' });
  };

  return async (request) => {
    const route = `${request.method} ${new URL(request.url).pathname}`;
    if (request.headers.get('sec-fetch-site') !== 'same-origin') return json(403, { error: 'same_origin_only' });
    if (route === 'POST /each/login') return login(request);
    if (route === 'POST /each/refresh') return refresh(request);
    if (route === 'GET /each/me') return me(request);
    return json(404, { error: 'not_found' });
  };
}

const tokenBody = (grant: { accessToken: string; expiresAt: number }, now: number) => ({
  access_token: grant.accessToken,
  token_type: 'Bearer',
  expires_in: (grant.expiresAt - now) / 1000,
});

function readCookie(request: Request, name: string): string | undefined {
  for (const pair of (request.headers.get('cookie') ?? '').split('; ')) {
    const [key, value] = pair.split('=', 2);
    if (key === name) return value;
  }
  return undefined;
}
