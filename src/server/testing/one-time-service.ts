/** A token service whose refresh tokens work once: using one twice kills the grant, as providers do. */
import type { GrantKey } from '../upstream/function-upstream.js';
import { UpstreamError, type UpstreamTokens } from '../upstream/upstream.js';

export class OneTimeService {
  grants = 0;
  refreshes = 0;
  /** Calls that were under way at the same time, at most. */
  together = 0;
  /** Refresh tokens that were presented although they had been used. */
  spentTwice = 0;
  revoked: string[] = [];
  /** Access tokens the service would accept now. */
  readonly live = new Set<string>();
  /** What the next refreshes end with. */
  fail: unknown = null;
  /** Answers are kept back until `answer`. */
  hold = false;
  /** Refresh tokens stay good: a service that does not rotate. */
  reusable = false;
  readonly lifetimeMs: number;
  #valid = new Map<string, string>();
  #waiting: (() => void)[] = [];
  #inFlight = 0;
  #serial = 0;

  constructor(lifetimeMs = 60_000) {
    this.lifetimeMs = lifetimeMs;
  }

  readonly grant = async ({ client, user }: GrantKey): Promise<UpstreamTokens> => {
    this.grants += 1;
    const family = JSON.stringify([client, user, this.grants]);
    return this.#issue(family);
  };

  readonly refresh = async ({ refreshToken = '' }: UpstreamTokens, signal: AbortSignal): Promise<UpstreamTokens> => {
    this.refreshes += 1;
    this.#inFlight += 1;
    this.together = Math.max(this.together, this.#inFlight);
    try {
      if (this.fail) throw this.fail;
      const family = refreshToken.split('#')[0]!;
      if (this.#valid.get(family) !== refreshToken) {
        this.spentTwice += 1;
        this.#valid.delete(family);
        throw new UpstreamError('invalid_grant', 'Used before.');
      }
      // The service has decided here; its answer may be long under way.
      const answer = this.#issue(family, this.reusable ? refreshToken : undefined);
      if (this.hold) {
        await new Promise<void>((resolve, reject) => {
          this.#waiting.push(resolve);
          signal.addEventListener('abort', () => reject(signal.reason));
        });
      }
      return answer;
    } finally {
      this.#inFlight -= 1;
    }
  };

  readonly revoke = async ({ refreshToken = '' }: UpstreamTokens): Promise<void> => {
    this.revoked.push(refreshToken);
  };

  /** Lets one held answer go, the oldest unless said otherwise. */
  answer(which = 0): void {
    this.#waiting.splice(which, 1)[0]?.();
  }
  async arrived(count = 1): Promise<void> {
    while (this.#waiting.length < count) await new Promise((resolve) => setImmediate(resolve));
  }

  #issue(family: string, kept?: string): UpstreamTokens {
    this.#serial += 1;
    const refreshToken = kept ?? `${family}#${this.#serial}`;
    this.#valid.set(family, refreshToken);
    const accessToken = `at-${this.#serial}`;
    this.live.add(accessToken);
    return { accessToken, refreshToken, expiresInMs: this.lifetimeMs };
  }
}
