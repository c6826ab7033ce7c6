import { randomBytes } from 'node:crypto';
import type { Clock } from './clock.js';

/** How long a token of the left stage may be asked to live: enough to line both stages up, no more. */
const SHORTEST_MS = 1_000;
const LONGEST_MS = 30_000;

export interface StrictGrant {
  credential: string;
  accessToken: string;
  expiresAt: number;
}

export type StrictAnswer = { kind: 'granted'; grant: StrictGrant } | { kind: 'refused' };

/**
 * A strict single-use refresh endpoint, as many backends are: a refresh credential works once, the second
 * presentation is `invalid_grant`. It is even the mild kind. RFC 9700 §4.14.2 asks a server that sees a spent
 * credential again to end the whole family, and then the one winner would be thrown out as well.
 *
 *   tab 1 ──POST, credential A──▶ A is spent, B issued ─▶ 200
 *   tab 2 ──POST, credential A──▶ A is spent ───────────▶ 400 invalid_grant     (and so are tabs 3 to 6)
 */
export class StrictEndpoint {
  readonly #live = new Set<string>();
  readonly #tokens = new Map<string, number>();

  constructor(
    private readonly clock: Clock,
    private readonly lifetime: number,
  ) {}

  /** Signs in; `until` (epoch ms) lines the token's end up with the other stage's. */
  signIn(until?: number): StrictGrant {
    const now = this.clock.now();
    const usable = until !== undefined && until >= now + SHORTEST_MS && until <= now + LONGEST_MS;
    return this.#issue(usable ? until : now + this.lifetime);
  }

  refresh(credential: string | undefined): StrictAnswer {
    if (credential === undefined || !this.#live.delete(credential)) return { kind: 'refused' };
    return { kind: 'granted', grant: this.#issue(this.clock.now() + this.lifetime) };
  }

  accepts(token: string): boolean {
    return (this.#tokens.get(token) ?? 0) > this.clock.now();
  }

  /** From now on no access token issued so far is accepted; the refresh credentials live on. */
  expireTokens(): void {
    this.#tokens.clear();
  }

  #issue(expiresAt: number): StrictGrant {
    const now = this.clock.now();
    for (const [token, end] of this.#tokens) if (end <= now) this.#tokens.delete(token);
    const grant = { credential: secret(), accessToken: secret(), expiresAt };
    // One visitor, a few windows: a sign-in every ten seconds must not grow this for ever.
    if (this.#live.size > 64) this.#live.delete([...this.#live][0] ?? '');
    this.#live.add(grant.credential);
    this.#tokens.set(grant.accessToken, expiresAt);
    return grant;
  }
}

const secret = (): string => randomBytes(24).toString('base64url');
