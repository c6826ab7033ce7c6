import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hintCookieName } from '../contract/wire.js';
import { createSession } from '../index.js';
import { readHint } from './hint.js';
import { sharedName } from './name.js';
import { createPorts } from './ports.js';
import { createRandom } from './random.js';

describe('names', () => {
  it('short ones stay readable, long ones are cut and told apart by a hash', () => {
    expect(sharedName('https://app.test/auth')).toBe('https://app.test/auth');
    const long = `https://app.test/${'x'.repeat(500)}`;
    const [one, other] = [sharedName(`${long}1`), sharedName(`${long}2`)];
    expect(one).not.toBe(other);
    expect(one.length).toBeLessThan(120);
  });

  describe('of an endpoint', () => {
    beforeEach(() => {
      vi.stubGlobal('location', new URL('https://app.test/inbox/7'));
      // A worker is the barest context there is.
      vi.stubGlobal('self', new EventTarget());
    });
    afterEach(() => vi.unstubAllGlobals());

    it.each([
      [undefined, 'https://app.test/auth'],
      ['/auth', 'https://app.test/auth'],
      ['/auth/', 'https://app.test/auth'],
      [{ refresh: '/auth/refresh' }, 'https://app.test/auth'],
      [{ refresh: '/api/token' }, 'https://app.test/api/token'],
      ['https://auth.test/base', 'https://auth.test/base'],
      [() => ({}), 'https://app.test/#function'],
    ])('%s is called %s', (endpoint, name) => {
      expect(createPorts(endpoint).name).toBe(name);
    });

    it.each(['about:srcdoc', 'blob:https://app.test/1'])('a document at %s has no address, but an origin', (address) => {
      vi.stubGlobal('location', new URL(address));
      vi.stubGlobal('origin', 'https://app.test');
      expect(createPorts('/auth').name).toBe('https://app.test/auth');
      expect(createPorts('/auth').routes.hinted).toBe(true);
    });

    it.each(['file:///app/index.html', 'about:blank', 'chrome-extension://abc/popup.html'])('a page at %s is told to name its endpoint in full, and may', (address) => {
      vi.stubGlobal('location', new URL(address));
      vi.stubGlobal('origin', address.startsWith('chrome') ? 'chrome-extension://abc' : 'null');
      expect(() => createSession()).toThrow(/^The option `endpoint` .*\(a whole one on a page without http\)/);
      expect(() => createSession({ endpoint: '/auth' })).toThrow(/a whole one/);
      expect(createPorts('https://app.test/auth').name).toBe('https://app.test/auth');
      createSession({ endpoint: 'https://app.test/auth', start: 'lazy' }).dispose();
    });
  });
});

describe('without IndexedDB and localStorage', () => {
  it('the ledger in memory is one, and remembers', async () => {
    vi.stubGlobal('location', new URL('https://app.test/'));
    vi.stubGlobal('self', new EventTarget());
    vi.stubGlobal('indexedDB', undefined);
    vi.stubGlobal('localStorage', undefined);
    const { ledger } = createPorts('/auth').ports;
    const add = (stored: unknown) => [...((stored as number[] | undefined) ?? []), 1];
    await Promise.all([ledger.update(add), ledger.update(add)]);
    expect(await ledger.read()).toEqual([1, 1]);
    vi.unstubAllGlobals();
  });
});

describe('hint', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('is the marker of this endpoint, not of another', () => {
    vi.stubGlobal('document', { cookie: `a=b; ${hintCookieName('https://app.test/auth')}=1` });
    expect(readHint('https://app.test/auth')).toBe(true);
    expect(readHint('https://app.test/admin')).toBe(false);
  });

  it('is unknown where cookies cannot be read', () => {
    expect(readHint('https://app.test/auth')).toBeUndefined();
    vi.stubGlobal('document', {
      get cookie(): string {
        throw new DOMException('sandboxed', 'SecurityError');
      },
    });
    expect(readHint('https://app.test/auth')).toBeUndefined();
  });
});

describe('random', () => {
  const random = createRandom();

  it('ids are long enough for the wire, and never the same', () => {
    const ids = Array.from({ length: 200 }, random.id);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(ids).size).toBe(200);
  });

  it('numbers are in [0, 1), and spread', () => {
    const numbers = Array.from({ length: 2_000 }, random.next);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
    for (const least of [0, 0.25, 0.5, 0.75]) expect(numbers.filter((n) => n >= least && n < least + 0.25).length).toBeGreaterThan(350);
  });

  it('a fingerprint is the start of the SHA-256', async () => {
    // sha256("abc") = ba7816bf…
    expect(await random.fingerprint!('abc')).toBe('ba7816bf');
  });
});
