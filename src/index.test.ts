/** The public entry in a process without a page. */
import { describe, expect, it } from 'vitest';
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
