/** A backend as the simulation sees it: it serves, and it knows the truth the browser half can only infer. */
import type { VirtualServer } from '../testing/index.js';
import type { BackendLevel } from './schedule.js';

/** An access token as its server knows it. */
export interface MintedToken {
  /** The server's name of the session, whether or not the browser is told. */
  session: string;
  sub: string;
  /** Order of minting within the session. */
  order: number;
  key: string;
  /** Server clock, epoch ms. */
  at: number;
  lifetime: number;
}

export interface SessionTruth {
  readonly id: string;
  readonly sub: string;
  /** Why the server ended it; absent while it lives. `theft`: the server took an honest browser for a thief. */
  readonly over?: 'revoked' | 'signed_out' | 'superseded' | 'theft';
}

export interface Backend {
  readonly level: BackendLevel;
  readonly serve: VirtualServer;
  /** Signs in: `Set-Cookie` values, and the grant a login answer carries where there is one. */
  login(sub: string, cookie: string | undefined, now: number): LoginAnswer | Promise<LoginAnswer>;
  /** Ends every session, as an administrator would. */
  revoke(now: number): void | Promise<void>;
  /** `undefined`: no token of this server. */
  tokenOf(token: string): MintedToken | undefined;
  sessions(): readonly SessionTruth[];
  /** The session that these cookies would be taken for. */
  presented(cookie: string | undefined): SessionTruth | undefined;
}

export interface LoginAnswer {
  cookies: string[];
  grant?: Record<string, unknown>;
}
