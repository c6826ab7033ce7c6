/** The public entry in a process without a page. */
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createSession, isTabatonError, TabatonError } from './index.js';

describe('on a server', () => {
  it('createSession() touches no global and gives an inert session that is starting', async () => {
    const before = Object.getOwnPropertyNames(globalThis);
    const session = createSession();
    expect(session.getSnapshot()).toMatchObject({ status: 'starting', activity: 'idle' });
    expect(session.getSnapshot()).toBe(session.getSnapshot());
    expect(session.peek()).toBeUndefined();
    await expect(session.getToken()).rejects.toMatchObject({ name: 'TabatonError' });
    expect(Object.getOwnPropertyNames(globalThis)).toEqual(before);
    session.dispose();
  });

  it('still refuses options that cannot be used', () => {
    expect(() => createSession({ timeout: -1 })).toThrow(TabatonError);
    try {
      createSession({ level: 'fancy' as never });
    } catch (error) {
      expect(isTabatonError(error) && error.code).toBe('invalid_option');
    }
    expect.assertions(2);
  });
});

describe('isTabatonError', () => {
  it('knows an error of another realm, and nothing else', () => {
    expect(isTabatonError(runInNewContext("Object.assign(new Error('no'), { name: 'TabatonError' })"))).toBe(true);
    for (const other of [new Error('no'), {}, 'TabatonError', null, undefined]) expect(isTabatonError(other)).toBe(false);
  });
});

describe('session.fetch', () => {
  afterEach(() => {
    vi.doUnmock('./clients/fetch.js');
    vi.unstubAllGlobals();
  });

  it('waits no longer than the timeout for a part of the package that never comes', async () => {
    vi.doMock('./clients/fetch.js', () => new Promise(() => {}));
    vi.stubGlobal('location', new URL('https://app.test/'));
    vi.stubGlobal('self', new EventTarget());
    const session = createSession({ start: 'lazy', timeout: 50 });
    await expect(session.fetch('/api/me')).rejects.toMatchObject({ code: 'refresh_unavailable' });
    session.dispose();
  });
});
