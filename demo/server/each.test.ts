import { describe, expect, it } from 'vitest';
import { systemClock } from './clock.js';
import { eachRoutes } from './each.js';
import { ServerLog } from './log.js';
import { StrictEndpoint } from './strict.js';
import { TallyBook } from './tally.js';

const ORIGIN = 'http://localhost:4321';

function stage() {
  const log = new ServerLog(systemClock);
  const tallies = new TallyBook();
  const strict = new StrictEndpoint(systemClock, 10_000);
  const handler = eachRoutes({ clock: systemClock, log, tallies, strict, latency: 0, port: '4321' });
  const send = async (method: string, path: string, headers: Record<string, string> = {}): Promise<Response> => {
    const all = { 'sec-fetch-site': 'same-origin', referer: `${ORIGIN}/each?id=ab-each-3`, ...headers };
    const response = await handler(new Request(ORIGIN + path, { method, headers: all }));
    if (!(response instanceof Response)) throw new Error('no reply');
    return response;
  };
  return { log, tallies, send };
}

const cookieOf = (response: Response): string => response.headers.getSetCookie()[0]?.split(';')[0] ?? '';

describe('the left stage', () => {
  it('lets one of six through, and the log says so', async () => {
    const { log, tallies, send } = stage();
    const cookie = cookieOf(await send('POST', '/each/login'));
    const answers = await Promise.all(Array.from({ length: 6 }, () => send('POST', '/each/refresh', { cookie })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400, 400]);
    expect(tallies.of('each')).toMatchObject({ requests: 6, thrownOut: 5, answered: 6 });
    expect(log.lines.filter((line) => line.route === 'refresh' && line.phase === 'arrived')).toHaveLength(6);
    expect(log.lines.at(-1)).toMatchObject({ from: 'ab-each-3' });
  });

  it('sets an HttpOnly cookie that no other path gets, and a loser never deletes it', async () => {
    const { send } = stage();
    const login = await send('POST', '/each/login');
    expect(login.headers.getSetCookie()[0]).toMatch(/^demo-each-4321=[\w-]+; HttpOnly; SameSite=Strict; Path=\/each$/);
    const lost = await send('POST', '/each/refresh', { cookie: 'demo-each-4321=spent' });
    expect(lost.status).toBe(400);
    expect(lost.headers.getSetCookie()).toEqual([]);
  });

  it('writes no secret into its log', async () => {
    const { log, send } = stage();
    const login = await send('POST', '/each/login');
    const cookie = cookieOf(login);
    const { access_token: token } = (await login.json()) as { access_token: string };
    await send('POST', '/each/refresh', { cookie });
    expect((await send('GET', '/each/me', { authorization: `Bearer ${token}` })).status).toBe(200);
    const written = JSON.stringify(log.lines);
    expect(written).not.toContain(token);
    expect(written).not.toContain(cookie.split('=')[1]);
  });

  it('answers no other site', async () => {
    const { send } = stage();
    expect((await send('POST', '/each/refresh', { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  });
});
