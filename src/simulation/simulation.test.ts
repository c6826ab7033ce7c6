/** A slice of the simulation with fixed seeds, and proof that its checks can fail. `npm run sim` plays as many as you like. */
import { describe, expect, it } from 'vitest';
import { explore } from './explore.js';
import { createModelBackend } from './model-backend.js';
import { play } from './play.js';
import { read, write, type Schedule } from './schedule.js';
import { createEndpointBackend } from './endpoint-backend.js';
import type { Backend } from './backend.js';

describe('simulation', () => {
  it('holds S1 to S6 after every step of random schedules', { timeout: 60_000 }, async () => {
    const { failure, runs } = await explore({ runs: 500, seed: 20_260_101 });
    expect(failure).toBeUndefined();
    expect(runs).toBe(500);
  });

  it.each(['plain', 'fenced', 'full'])('with no fault there is exactly one request per expiry, at level %s', async (level) => {
    const rounds = Array.from({ length: 10 }, () => '+60000 burst 0');
    const { broken, requests } = await play(read([`${level} chromium seed=8 tabs=page,page,iframe,worker life=60 in`, ...rounds].join(' | ')));
    expect(broken).toBeUndefined();
    // 600 s and the finale of about 75 s; a leader refreshes between 90 and 95 % of a token's life, so every 54 to 57 s. And the first.
    expect(requests).toBeGreaterThanOrEqual(1 + Math.floor(675 / 57));
    expect(requests).toBeLessThanOrEqual(1 + Math.ceil(680 / 54));
  });

  it('plays the same schedule the same way', async () => {
    const text = 'full chromium seed=12 tabs=page,page,worker life=60 in | ~flight crash holder | +0 burst 0 | ~landing loseReply 0 | +61000 burst 1 | ~flight stop holder';
    const lines: string[][] = [[], []];
    for (const into of lines) await play(read(text), undefined, (line) => into.push(line));
    expect(lines[0]!.length).toBeGreaterThan(10);
    expect(lines[0]).toEqual(lines[1]);
  });

  it('writes a schedule as it reads it', () => {
    const text = 'plain webkit seed=3 tabs=page,foreign life=30 in hints | ~flight crash holder | +1500 get 0 2 | +0 signOut 1';
    expect(write(read(text))).toBe(text);
  });

  it.each(['full chromium seed=1 tabs=page | +0 dance 0', 'full chromium tabs=page | soon get 0', 'rich chromium tabs=page'])('says what of a schedule it cannot read: %s', (text) => {
    expect(() => read(text)).toThrow(/cannot be read|starts with/);
  });
});

/** A backend that does one thing wrong. */
const broken = (change: (backend: Backend) => Partial<Backend>): Backend => {
  const backend = createModelBackend(60_000);
  return { ...backend, ...change(backend) };
};
const ORDINARY = 'full chromium seed=4 tabs=page,page life=60 in | +1000 burst 0 | +61000 burst 0 | +61000 burst 0';

describe('every check of the simulation can fail', () => {
  const cases: [invariant: string, what: string, schedule: string, backend: () => Backend][] = [
    [
      'S1',
      'a request more than there are expiries',
      ORDINARY,
      // Each answer is over a moment later.
      () =>
        broken(({ serve }) => ({
          serve: (request, now) => {
            const response = serve(request, now) as { json: { expires_in?: number } };
            return { ...(response as object), json: { ...response.json, expires_in: 1, lifetime: 1 } } as never;
          },
        })),
    ],
    [
      'S2',
      'a token that nobody minted',
      ORDINARY,
      () => broken(() => ({ tokenOf: () => undefined })),
    ],
    [
      'S2',
      'an older token after a newer one',
      ORDINARY,
      () => {
        let order = 1_000;
        return broken(({ tokenOf }) => {
          const seen = new Map<string, number>();
          return {
            tokenOf: (text) => {
              const token = tokenOf(text);
              if (token && !seen.has(text)) seen.set(text, order--);
              return token && { ...token, order: seen.get(text)! };
            },
          };
        });
      },
    ],
    [
      'S3',
      'a session that is over although nobody ended it',
      ORDINARY,
      () =>
        broken(({ serve }) => {
          let asked = 0;
          return {
            serve: (request, now) =>
              ++asked > 2 ? { status: 400, json: { error: 'invalid_grant', reason: 'revoked', session: 'ended', sid: 'sid-f1' } } : serve(request, now),
          };
        }),
    ],
    [
      'S3',
      'an honest browser that is taken for a thief',
      ORDINARY,
      () => broken(({ sessions }) => ({ sessions: () => sessions().map((session) => ({ ...session, over: 'theft' as const })) })),
    ],
    ['S5', 'a sign-out that the server never learns of', `${ORDINARY} | +0 signOut 0`, () => broken(({ serve }) => ({ serve: (request, now) => (request.route === 'logout' ? { status: 200, json: {} } : serve(request, now)) }))],
    [
      'S6',
      'a token under a name that is written to the ledger',
      ORDINARY,
      () =>
        broken(({ serve }) => ({
          serve: (request, now) => {
            const response = serve(request, now) as { json: { access_token?: string } };
            return { ...(response as object), json: { ...response.json, sid: response.json.access_token } } as never;
          },
        })),
    ],
    ['P', 'a token that is over', ORDINARY, () => broken(({ tokenOf }) => ({ tokenOf: (text) => { const token = tokenOf(text); return token && { ...token, at: token.at - 60_000 }; } }))],
    ['P3', 'one session id for two sessions', ORDINARY, () => broken(({ tokenOf }) => ({ tokenOf: (text) => { const token = tokenOf(text); return token && { ...token, session: text }; } }))],
  ];
  it.each(cases)('%s: %s', async (invariant, _, schedule, backend) => {
    expect((await play(read(schedule), backend())).broken?.invariant).toBe(invariant);
  });

  it('S4: nobody is served although all faults are over', async () => {
    const { broken: found } = await play(
      read(ORDINARY),
      broken(({ serve }) => ({ serve: (request, now) => (request.route === 'refresh' && now > 1_800_000_030_000 ? new Promise(() => {}) : serve(request, now)) })),
    );
    expect(found?.invariant).toBe('S4');
  });
});

it('holds S1 to S6 against the real endpoint, too', { timeout: 60_000 }, async () => {
  const real = (schedule: Schedule) => play({ ...schedule, level: 'full' }, (external) => createEndpointBackend(schedule.life * 1000, external));
  const { failure, runs } = await explore({ runs: 120, seed: 7, run: real });
  expect(failure).toBeUndefined();
  expect(runs).toBe(120);
});
