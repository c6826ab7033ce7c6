import { describe, expect, test } from 'vitest';
import { site, TestBrowser } from '../testing/site.js';

const issuer = 'https://id.example';
const mediated = () =>
  new TestBrowser(site({ authenticate: undefined, upstream: { issuer, clientId: 'app', metadata: { authorization_endpoint: `${issuer}/authorize` } } }));
const transactions = ({ jar }: TestBrowser) => [...jar].filter(([name]) => name.includes('-tx.'));

test.each([
  ['letters', `/${'a'.repeat(2_047)}`],
  ['quotation marks', `/${'"'.repeat(682)}`],
])('sign-ins with a way back as long as can be, of %s, fit into cookies and leave room in the header', async (_, path) => {
  const browser = mediated();
  for (let i = 0; i < 5; i += 1) expect((await browser.call('GET', `/login?return_to=${encodeURIComponent(path)}`)).status).toBe(303);
  expect(transactions(browser)).toHaveLength(2);
  // RFC 6265 §6.1: 4,096 bytes of a cookie are kept, and one that is larger is dropped without a word.
  for (const [name, value] of transactions(browser)) expect(`${name}=${value}`.length).toBeLessThan(4_096);
});

test('short ones are four', async () => {
  const browser = mediated();
  for (let i = 0; i < 6; i += 1) await browser.call('GET', '/login?return_to=/inbox');
  expect(transactions(browser)).toHaveLength(4);
});

describe('a provider that never answers', () => {
  const navigate = { 'Sec-Fetch-Mode': 'navigate' };
  const silent = (fetch: typeof globalThis.fetch) => new TestBrowser(site({ authenticate: undefined, upstream: { issuer, clientId: 'app', fetch } }));
  const aborted = (signal: AbortSignal) => new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

  test('is given up after ten seconds, though what asks it heeds no signal', async () => {
    const browser = silent(() => new Promise(() => {}));
    const pending = browser.call('GET', '/login', undefined, navigate);
    await browser.site.clock.waiting();
    await browser.site.clock.advance(10_000);
    expect(await pending).toMatchObject({ status: 504, body: { text: expect.stringContaining('does not answer') } });
  });
  test('is given up by a logout token as well, and by the sign-in that joins its question', async () => {
    const browser = silent((_url, init) => aborted(init!.signal!));
    const logout = new Request(`${browser.site.origin}/auth/backchannel-logout`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'logout_token=a.b.c',
    });
    const told = browser.send(logout);
    await browser.site.clock.waiting();
    const signIn = browser.call('GET', '/login', undefined, navigate);
    await browser.site.clock.waiting(2);
    await browser.site.clock.advance(10_000);
    expect(await told).toMatchObject({ status: 503, body: { reason: 'upstream_unavailable' } });
    expect((await signIn).status).toBe(504);
  });
});
