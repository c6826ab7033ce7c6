/** RFC 7009: the endpoint as a client of the provider's revocation. */
import { afterEach, describe, expect, test } from 'vitest';
import { mediatedSite, type MediatedSite, signInThrough, until } from '../testing/mediated-site.js';
import { fakeClock } from '../testing/fake-clock.js';
import { site, TestBrowser } from '../testing/site.js';
import { UpstreamError } from '../upstream/upstream.js';

let open: MediatedSite | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});
async function signedOut() {
  const one = (open = await mediatedSite());
  const browser = new TestBrowser(one);
  await signInThrough(browser);
  await browser.refresh({ reason: 'startup', scope: 'read' });
  const reply = await browser.call('POST', '/logout', {});
  await until(() => one.events.some((event) => event.type === 'revocation'));
  return { one, browser, reply, call: one.to('/token/revocation')[0]! };
}

describe('§2.1, the request', () => {
  test('is a POST with the newest refresh token and its hint', async () => {
    const { one, call } = await signedOut();
    expect(call.method).toBe('POST');
    expect(call.form.get('token_type_hint')).toBe('refresh_token');
    const spent = one.to('/token').map(({ form }) => form.get('refresh_token'));
    expect(call.form.get('token')).toHaveLength(spent.at(-1)!.length);
    expect(spent).not.toContain(call.form.get('token'));
  });
  test('MUST carry the client’s credentials', async () => {
    expect((await signedOut()).call.headers.get('Authorization')).toMatch(/^Basic /);
  });
  test('the grant’s access tokens go with it', async () => {
    const { one } = await signedOut();
    expect(one.provider.events).toContain('grant.revoked');
  });
});

describe('§2.2, the answer', () => {
  test('200 for a token nobody knows counts as done', async () => {
    const one = (open = await mediatedSite());
    const browser = new TestBrowser(one);
    await signInThrough(browser);
    one.provider.intercept((request, response, pass) => (request.url === '/token/revocation' ? void response.writeHead(200).end() : pass()));
    await browser.call('POST', '/logout', {});
    await until(() => one.events.some((event) => event.type === 'revocation'));
    expect(one.events).toContainEqual({ type: 'revocation', result: 'ok' });
    expect(one.to('/token/revocation')).toHaveLength(1);
  });
});

describe('§2.2.1, errors', () => {
  function functionShaped(answers: (UpstreamError | null)[]) {
    const clock = fakeClock();
    let calls = 0;
    const one = site({
      clock,
      authenticate: async () => ({ sub: 'ada', tokens: { accessToken: 'at', refreshToken: 'rt', expiresInMs: 900_000 } }),
      upstream: {
        refresh: async () => ({ accessToken: 'at-2' }),
        revoke: async () => {
          const answer = answers[calls];
          calls += 1;
          if (answer) throw answer;
        },
      },
    });
    return { one, clock, calls: () => calls };
  }
  test('503: the client MUST assume the token still exists, and may try again', async () => {
    const { one, clock, calls } = functionShaped([new UpstreamError('unavailable', 'No.'), new UpstreamError('unavailable', 'No.'), null]);
    const browser = new TestBrowser(one);
    await browser.login();
    await browser.call('POST', '/logout', {});
    // The revocation is detached and seals on real threads: it is waited for, not timed.
    await until(() => calls() === 1);
    await clock.waiting();
    await clock.advance(1_000);
    await until(() => calls() === 2);
    await clock.waiting();
    await clock.advance(5_000);
    await until(() => calls() === 3 && one.events.some(({ type }) => type === 'revocation'));
    await clock.advance(60_000);
    expect(calls()).toBe(3);
    expect(one.events).toContainEqual({ type: 'revocation', result: 'ok' });
  });
  test('a refusal is final, and reported', async () => {
    const { one, clock, calls } = functionShaped([new UpstreamError('invalid_client', 'No.')]);
    const browser = new TestBrowser(one);
    await browser.login();
    await browser.call('POST', '/logout', {});
    await until(() => one.events.some(({ type }) => type === 'revocation'));
    await clock.advance(60_000);
    expect(calls()).toBe(1);
    expect(one.events).toContainEqual({ type: 'revocation', result: 'invalid_client' });
  });
  test('the user is signed out here whatever the provider says, and does not wait for it', async () => {
    const { one } = functionShaped(Array.from({ length: 4 }, () => new UpstreamError('unavailable', 'No.')));
    const browser = new TestBrowser(one);
    await browser.login();
    expect(await browser.call('POST', '/logout', {})).toMatchObject({ status: 200, body: { signed_out: true } });
    expect((await browser.call('GET', '/session')).body).toMatchObject({ active: false });
  });
});
