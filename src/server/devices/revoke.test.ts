import { describe, expect, test } from 'vitest';
import type { Revocation } from './revoke.js';
import { site, TestBrowser } from '../testing/site.js';

/** Two of Ada's browsers and one of Eve's, signed in through functions that note what they revoke. */
async function three() {
  const revoked: unknown[] = [];
  const one = site({
    upstream: {
      grant: async () => ({ accessToken: 'at', refreshToken: 'rt', expiresInMs: 60_000 }),
      refresh: async () => ({ accessToken: 'at', expiresInMs: 60_000 }),
      revoke: async (tokens: object) => void revoked.push(tokens),
    },
  });
  const browsers = [new TestBrowser(one), new TestBrowser(one), new TestBrowser(one)] as const;
  const sids: string[] = [];
  for (const [at, browser] of browsers.entries()) sids.push((await browser.login(at < 2 ? 'ada' : 'eve')).body['sid'] as string);
  return { one, browsers, sids, revoked };
}
const endings = ({ events }: ReturnType<typeof site>) => events.filter(({ type }) => type === 'ended');

describe('endpoint.revoke', () => {
  test('a user is signed out everywhere, at the provider too, and nobody else is', async () => {
    const { one, browsers, sids, revoked } = await three();
    expect(await one.endpoint.revoke({ sub: 'ada' })).toBe(2);
    const replies = await Promise.all(browsers.map((browser) => browser.refresh({ reason: 'startup' })));
    expect(replies.map(({ status }) => status)).toEqual([400, 400, 200]);
    expect(replies[0]).toMatchObject({ body: { reason: 'revoked', session: 'ended', sid: sids[0] } });
    expect(endings(one)).toHaveLength(2);
    expect(endings(one)).toContainEqual({ type: 'ended', reason: 'revoked', sid: sids[1], client: 'web' });
    while (revoked.length < 2) await one.clock.advance(0);
    expect(await one.endpoint.revoke({ sub: 'ada' })).toBe(0);
    expect(endings(one)).toHaveLength(2);
  });
  test('one session is ended by the sid that answers and events have', async () => {
    const { one, browsers, sids } = await three();
    expect(await one.endpoint.revoke({ sid: sids[0]! })).toBe(1);
    const replies = await Promise.all(browsers.map((browser) => browser.refresh({ reason: 'startup' })));
    expect(replies.map(({ status }) => status)).toEqual([400, 200, 200]);
    expect(await one.endpoint.revoke({ sid: sids[0]! })).toBe(0);
    expect(await one.endpoint.revoke({ sid: 'nobody' })).toBe(0);
  });
  test.each([{}, { sub: 'ada', sid: 's' }, { user: 'ada' }])('%j says neither whose nor which', async (whose) => {
    await expect(site().endpoint.revoke(whose as unknown as Revocation)).rejects.toThrow('either { sub } or { sid }');
  });
});
