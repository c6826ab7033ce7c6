/** Virtual tabs as an application's own tests would use them. */
import { describe, expect, it } from 'vitest';
import { createStrictServer, createVirtualOrigin, createVirtualSession, type VirtualSessionOptions } from './index.js';

const app = (options: VirtualSessionOptions = {}) => {
  const server = createStrictServer({ lifetime: 60_000 });
  const origin = createVirtualOrigin({ seed: 7, server: server.serve });
  origin.jar.accept(server.login());
  const open = () => {
    const tab = origin.context();
    return { tab, session: createVirtualSession(origin, tab, { start: 'eager', ...options }) };
  };
  const result = async <T>(work: Promise<T>): Promise<T> => {
    let settled = false;
    work.then(
      () => (settled = true),
      () => (settled = true),
    );
    expect(await origin.until(() => settled)).toBe(true);
    return work;
  };
  return { server, origin, open, result };
};

describe('virtual sessions', () => {
  it('five tabs, one refresh, five times the same token', async () => {
    const { server, origin, open, result } = app();
    const tabs = [open(), open(), open(), open(), open()];
    const tokens = await result(Promise.all(tabs.map(({ session }) => session.getToken())));
    expect(new Set(tokens).size).toBe(1);
    expect([server.minted, origin.requests.length]).toEqual([1, 1]);
  });

  it('the refreshing tab crashes, the others get their token and nobody is thrown out', async () => {
    const { server, origin, open, result } = app();
    const tabs = [open(), open(), open()];
    const waits = tabs.map(({ session }) => session.getToken());
    expect(await origin.until(() => origin.requests.length === 1)).toBe(true);
    const crashed = origin.contexts.findIndex(({ name }) => name === origin.requests[0]!.context);
    tabs[crashed]!.tab.crash();
    await result(Promise.all(waits.filter((_, index) => index !== crashed)));
    expect([server.minted, server.thrownOut]).toEqual([2, 0]);
  });

  it('an API that rejects the token costs one refresh and one replay', async () => {
    const seen: (string | null)[] = [];
    const { server, open, result } = app({
      api(request) {
        seen.push(request.headers.get('Authorization'));
        return new Response(null, { status: seen.length === 1 ? 401 : 200 });
      },
    });
    const { session } = open();
    const response = await result(session.fetch('/api/me'));
    expect([response.status, seen, server.minted]).toEqual([200, ['Bearer token-s1-1', 'Bearer token-s1-2'], 2]);
  });
});
