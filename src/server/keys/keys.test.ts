import { describe, expect, test } from 'vitest';
import { base64url } from '../encoding.js';
import { systemRandom } from '../clock.js';
import { site, TestBrowser, KEY } from '../testing/site.js';
import { credentials, parseCredential } from './credential.js';
import { sealer } from './seal.js';
import { keyBytes, serverKeys } from './server-keys.js';

const OTHER = base64url(Uint8Array.from({ length: 32 }, (_, i) => i * 7));
const family = { id: base64url(new Uint8Array(16).fill(9)), salt: base64url(new Uint8Array(16).fill(3)) };
const open = (...texts: string[]) => serverKeys(keyBytes(texts));

describe('credentials', () => {
  test('one rotation has one credential, on every node', async () => {
    const [a, b] = [credentials(await open(KEY)), credentials(await open(KEY))];
    expect(await a.derive(family, 5)).toBe(await b.derive(family, 5));
    expect(await a.derive(family, 6)).not.toBe(await a.derive(family, 5));
  });
  test('what was derived verifies, and says its family and rotation', async () => {
    const mint = credentials(await open(KEY));
    const claimed = parseCredential(await mint.derive(family, 70_000))!;
    expect(claimed).toMatchObject({ family: family.id, rot: 70_000 });
    expect(await mint.verify(family, claimed)).toBe(true);
  });
  test('no bit of it may change', async () => {
    const mint = credentials(await open(KEY));
    const value = await mint.derive(family, 5);
    const bytes = Uint8Array.from(atob(value.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
    for (let i = 0; i < bytes.length; i += 1) {
      const forged = bytes.slice();
      forged[i]! ^= 1;
      const claimed = parseCredential(base64url(forged));
      expect(claimed !== undefined && (await mint.verify(family, claimed)), `byte ${i}`).toBe(false);
    }
  });
  test('the store alone forges nothing: another key gives another credential', async () => {
    const claimed = parseCredential(await credentials(await open(OTHER)).derive(family, 5))!;
    expect(await credentials(await open(KEY)).verify(family, claimed)).toBe(false);
  });
  test('the key alone forges nothing: another salt gives another credential', async () => {
    const mint = credentials(await open(KEY));
    const claimed = parseCredential(await mint.derive({ ...family, salt: OTHER }, 5))!;
    expect(await mint.verify(family, claimed)).toBe(false);
  });
  test.each(['', 'x', 'A'.repeat(55), 'A'.repeat(5_000), '%%%', 'ÄÖÜ'])('%j is not a credential', (value) => {
    expect(parseCredential(value)).toBeUndefined();
  });
});

describe('sealing', () => {
  test('opens where it was sealed and nowhere else', async () => {
    const seals = sealer(await open(KEY), systemRandom());
    const sealed = await seals.seal('family-1', 'token ü');
    expect(sealed).not.toContain('token');
    expect(await seals.open('family-1', sealed)).toBe('token ü');
    expect(await seals.open('family-2', sealed)).toBeUndefined();
    expect(await seals.open('family-1', `${sealed.slice(0, -2)}AA`)).toBeUndefined();
    expect(await seals.open('family-1', 'garbage')).toBeUndefined();
    expect(await seals.seal('family-1', 'token ü')).not.toBe(sealed);
  });
  test('the previous key still opens after a roll-over', async () => {
    const sealed = await sealer(await open(KEY), systemRandom()).seal('x', 'old');
    expect(await sealer(await open(OTHER, KEY), systemRandom()).open('x', sealed)).toBe('old');
    expect(await sealer(await open(OTHER), systemRandom()).open('x', sealed)).toBeUndefined();
  });
});

describe('key roll-over', () => {
  test('a session signed in under the old key goes on under the new one, lost replies included', async () => {
    const before = site();
    const browser = new TestBrowser(before);
    await browser.login();
    await before.clock.advance(35_000);
    const after = { ...before, endpoint: site({ store: before.store, clock: before.clock, keys: [OTHER, KEY] }).endpoint };
    const moved = new TestBrowser(after);
    for (const [name, value] of browser.jar) moved.jar.set(name, value);
    const lost = await moved.send(moved.refreshRequest({ have: 1, ids: ['w'.repeat(22)] }));
    expect(lost.body['outcome']).toBe('rotated');
    expect(await moved.refresh({ have: 1, ids: ['w'.repeat(22)] })).toMatchObject({ body: { outcome: 'replayed' } });
    const [name] = moved.sessionCookies;
    expect(parseCredential(moved.jar.get(name!)!)!.rot).toBe(1);
    await before.clock.advance(35_000);
    expect(await moved.refresh({ have: 2 })).toMatchObject({ body: { outcome: 'rotated' } });
    // A node that was not told of the new key cannot read it: the new key goes into second place first.
    expect((await browser.send(new Request(moved.refreshRequest()))).body).toMatchObject({ reason: 'no_session' });
  });
});
