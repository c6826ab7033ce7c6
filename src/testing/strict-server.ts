/**
 * A server model: the strictest backend there is. Its refresh credential may be used once; presenting an
 * old one ends the session, as many providers do. It knows nothing of attempt ids (level plain).
 */
import type { VirtualResponse, VirtualServer } from './virtual-network.js';

/** How the strict backend issues tokens. */
export interface StrictServerOptions {
  /** Whole life of an access token in ms. Default 60 000. */
  lifetime?: number;
  /** Adds `gen`, `sid` and `session_at` to its answers (level fenced). Default false. */
  fenced?: boolean;
}

/** A strict single-use backend and its log. */
export interface StrictServer {
  serve: VirtualServer;
  /** Signs a user in; gives the `Set-Cookie` value for `origin.jar.accept`. */
  login(sub?: string): string;
  /** Ends every session, as an administrator would. */
  revoke(): void;
  /** Tokens handed out so far. */
  readonly minted: number;
  /** Sessions ended because an old credential came back. */
  readonly thrownOut: number;
}

interface Family {
  sid: string;
  sub: string;
  rotation: number;
  generation: number;
  at: number;
  live: boolean;
}

/** A backend that ends the session when a credential is presented twice. */
export const createStrictServer = (options: StrictServerOptions = {}): StrictServer => {
  const lifetime = options.lifetime ?? 60_000;
  const families = new Map<string, Family>();
  let minted = 0;
  let thrownOut = 0;
  let logins = 0;

  const cookie = (family: Family): string => `refresh=${family.sid}.${family.rotation}; Path=/; HttpOnly`;
  const refused = (): VirtualResponse => ({ status: 401, json: { error: 'invalid_grant' } });

  const serve: VirtualServer = (request, now) => {
    const [sid = '', rotation = ''] = /refresh=([^;]*)/.exec(request.cookie ?? '')?.[1]?.split('.') ?? [];
    const family = families.get(sid);
    if (request.route === 'logout') {
      if (family) family.live = false;
      return { status: 204, setCookie: ['refresh=; Max-Age=0'] };
    }
    if (!family?.live) return refused();
    if (Number(rotation) !== family.rotation) {
      family.live = false;
      thrownOut++;
      return refused();
    }
    family.at ||= now;
    family.rotation++;
    family.generation++;
    minted++;
    return {
      status: 200,
      json: {
        access_token: `token-${family.sid}-${family.generation}`,
        token_type: 'Bearer',
        expires_in: lifetime / 1000,
        sub: family.sub,
        ...(options.fenced ? { gen: family.generation, sid: family.sid, session_at: family.at } : {}),
      },
      setCookie: [cookie(family)],
    };
  };

  return {
    serve,
    login(sub = 'user') {
      const family: Family = { sid: `s${++logins}`, sub, rotation: 1, generation: 0, at: 0, live: true };
      families.set(family.sid, family);
      return cookie(family);
    },
    revoke() {
      for (const family of families.values()) family.live = false;
    },
    get minted() {
      return minted;
    },
    get thrownOut() {
      return thrownOut;
    },
  };
};
