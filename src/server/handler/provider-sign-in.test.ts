import { expect, test } from 'vitest';
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
