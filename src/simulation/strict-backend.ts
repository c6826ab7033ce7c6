/** The strictest backend there is, from the tests' server model: single use, no attempt ids (levels plain and fenced). */
import { createStrictServer } from '../testing/index.js';
import { keyOf } from '../core/grant.js';
import type { Backend, MintedToken, SessionTruth } from './backend.js';

interface Login {
  id: string;
  sub: string;
  over?: SessionTruth['over'];
}

export const createStrictBackend = (fenced: boolean, lifetime: number): Backend => {
  const strict = createStrictServer({ lifetime, fenced });
  const logins: Login[] = [];
  const minted = new Map<string, MintedToken>();
  const named = (cookie: string | undefined): Login | undefined => {
    const sid = /refresh=([^;.]*)/.exec(cookie ?? '')?.[1];
    return logins.find(({ id }) => id === sid);
  };

  return {
    level: fenced ? 'fenced' : 'plain',
    serve(request, now) {
      const login = named(request.cookie);
      const thrownOut = strict.thrownOut;
      const response = strict.serve(request, now) as { json?: { access_token?: string } };
      if (login && request.route === 'logout') login.over ??= 'signed_out';
      if (login && strict.thrownOut > thrownOut) login.over ??= 'theft';
      const token = response.json?.access_token;
      const [, , order] = token?.split('-') ?? [];
      if (token && login && request.route === 'refresh')
        minted.set(token, { session: login.id, sub: login.sub, order: Number(order), key: keyOf(request.call), at: now, lifetime });
      return response as ReturnType<typeof strict.serve>;
    },
    login(sub) {
      const cookie = strict.login(sub);
      logins.push({ id: /refresh=([^.]*)/.exec(cookie)![1]!, sub });
      return { cookies: [cookie] };
    },
    revoke() {
      strict.revoke();
      for (const login of logins) login.over ??= 'revoked';
    },
    tokenOf: (token) => minted.get(token),
    sessions: () => logins,
    presented: named,
  };
};
