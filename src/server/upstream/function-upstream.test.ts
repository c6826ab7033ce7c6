import { describe, expect, test } from 'vitest';
import type { EndpointOptions } from '../config/endpoint-options.js';
import { site, TestBrowser } from '../testing/site.js';
import type { FunctionUpstream } from './function-upstream.js';
import { UpstreamError } from './upstream.js';

const M = 35_000;

async function signedIn(upstream: Partial<FunctionUpstream>, options: Partial<EndpointOptions> = {}) {
  const browser = new TestBrowser(
    site({
      authenticate: async () => ({ sub: 'ada', tokens: { accessToken: 'at-0', refreshToken: 'rt-0', expiresInMs: 60_000 } }),
      upstream: { refresh: async () => ({ accessToken: 'at-1', refreshToken: 'rt-1', expiresInMs: 60_000 }), ...upstream },
      ...options,
    }),
  );
  const login = await browser.login();
  await browser.site.clock.advance(M);
  return { browser, login };
}

describe('a service that is not RFC-shaped', () => {
  test('its login gives the first token, its refresh the next', async () => {
    const seen: unknown[] = [];
    const { browser, login } = await signedIn({
      refresh: async (tokens) => {
        seen.push(tokens.refreshToken);
        return { accessToken: `at-${seen.length}`, refreshToken: `rt-${seen.length}`, expiresInMs: 60_000 };
      },
    });
    expect(login).toMatchObject({ status: 200, body: { access_token: 'at-0', gen: 1, expires_in: 60 } });
    expect(await browser.refresh({ have: 1 })).toMatchObject({ status: 200, body: { access_token: 'at-1', gen: 2, outcome: 'rotated' } });
    await browser.site.clock.advance(M);
    expect(await browser.refresh({ have: 2 })).toMatchObject({ body: { access_token: 'at-2', gen: 3 } });
    expect(seen).toEqual(['rt-0', 'rt-1']);
  });
  test('without tokens of the login its grant is asked', async () => {
    const { login } = await signedIn(
      { grant: async ({ client, user }) => ({ accessToken: `${client}/${user}`, expiresInMs: 60_000 }) },
      { authenticate: async () => ({ sub: 'ada' }) },
    );
    expect(login.body).toMatchObject({ access_token: 'web/ada', gen: 1 });
  });
  test('the cookie’s outcome goes with the failure of the token', async () => {
    const { browser } = await signedIn({ refresh: async () => Promise.reject(new Error('down, and here is rt-0')) });
    const reply = await browser.refresh({ have: 1, ids: ['w'.repeat(22)] });
    expect(reply).toMatchObject({ status: 503, body: { reason: 'upstream_unavailable', session: 'intact', attempt_settled: 'w'.repeat(22) } });
    expect(reply.setCookies[0]).toMatch(/^__Host-Http-tabaton/);
    expect(JSON.stringify([reply.body, browser.site.events])).not.toContain('rt-0');
  });
  test('only invalid_grant ends the session', async () => {
    const { browser, login } = await signedIn({ refresh: async () => Promise.reject(new UpstreamError('invalid_grant', 'dead')) });
    const reply = await browser.refresh({ have: 1 });
    expect(reply).toMatchObject({ status: 400, body: { reason: 'upstream_invalid_grant', session: 'ended', sid: login.body.sid } });
    expect(browser.jar.size).toBe(0);
  });
  test.each([[{}], [{ accessToken: '' }], [{ accessToken: 'x', expiresInMs: 0 }], [null]])('an answer like %j is malformed', async (answer) => {
    const { browser } = await signedIn({ refresh: async () => answer as never });
    expect(await browser.refresh({ have: 1 })).toMatchObject({ status: 502, body: { reason: 'upstream_malformed' } });
  });
  test('while it is down a startup still gets what is left of the token', async () => {
    const { browser } = await signedIn({ refresh: async () => Promise.reject(new Error('down')) });
    await browser.site.clock.advance(15_000);
    expect(await browser.refresh({ reason: 'startup', min_ttl: 30 })).toMatchObject({ status: 200, body: { access_token: 'at-0' } });
  });
  test('sign-out revokes, and outlasts a short outage', async () => {
    const tries: string[] = [];
    const { browser } = await signedIn({
      revoke: async ({ refreshToken }) => {
        tries.push(refreshToken!);
        if (tries.length < 3) throw new Error('down');
      },
    });
    await browser.call('POST', '/logout', {});
    const { clock } = browser.site;
    await clock.waiting();
    await clock.advance(1_000);
    await clock.waiting();
    await clock.advance(5_000);
    expect(tries).toEqual(['rt-0', 'rt-0', 'rt-0']);
    expect(browser.site.events).toContainEqual({ type: 'revocation', result: 'ok' });
  });
});

describe('misconfigured upstreams', () => {
  const refresh = async () => ({ accessToken: 'x' });
  const oidc = { issuer: 'https://id.example', clientId: 'c' };
  test.each<[string, Partial<EndpointOptions>, RegExp]>([
    ['an issuer on plain http', { upstream: { ...oidc, issuer: 'http://id.example' }, authenticate: undefined }, /upstream\.issuer: .*not https/],
    ['an issuer that is no URL', { upstream: { ...oidc, issuer: 'id' }, authenticate: undefined }, /upstream\.issuer: .*not a URL/],
    ['no client', { upstream: { ...oidc, clientId: '' }, authenticate: undefined }, /upstream\.clientId: .*Register/],
    ['a provider and authenticate', { upstream: oidc }, /authenticate: the provider signs users in/],
    ['no openid', { upstream: { ...oidc, scope: 'read' }, authenticate: undefined }, /upstream\.scope: .*"openid"/],
    ['its own parameters', { upstream: { ...oidc, authorizationParams: { state: 'x' } }, authenticate: undefined }, /"state" is the endpoint's own/],
    ['neither shape', { upstream: {} as never }, /upstream: is neither/],
    ['functions without authenticate', { upstream: { refresh }, authenticate: undefined }, /signs nobody in/],
    ['two issuers', { upstream: { refresh }, issuer: {} }, /issuer: tokens come from the upstream/],
  ])('%s', (_, options, sentence) => {
    expect(() => site(options)).toThrow(sentence);
  });
});
