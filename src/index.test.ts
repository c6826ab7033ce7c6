/** The public entry in a process without a page. */
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createSession, isTabatonError, TabatonError } from './index.js';

it('isTabatonError() knows one of another realm, whose Error is not ours, and nothing else', () => {
  const foreign: unknown = runInNewContext(`Object.assign(new Error('The session has ended.'), { name: 'TabatonError', code: 'session_ended' })`);
  expect(foreign).not.toBeInstanceOf(Error);
  expect(isTabatonError(foreign)).toBe(true);
  expect(isTabatonError(new TabatonError('anonymous', 'Nobody is signed in.'))).toBe(true);
  for (const other of [undefined, null, 'TabatonError', TabatonError, new Error('no'), Object.assign(new Error('no'), { code: 'anonymous' })]) expect(isTabatonError(other)).toBe(false);
});

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

  it('has no service worker, and says so without rejecting: an unhandled rejection would end the server', async () => {
    const { worker } = createSession();
    expect(await worker.register({ url: '/tabaton-sw.js' })).toBe('none');
    expect(await worker.unregister()).toBeUndefined();
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
