import { now } from '../clock.js';

export interface UsualGrant {
  access_token: string;
  /** Seconds. */
  expires_in: number;
}

/**
 * The refresh code most applications have, once per tab: an interceptor that refreshes before a call when the token
 * has expired, once more on 401, with a single flight. It is correct, as long as there is only one tab.
 */
export class UsualClient {
  #token: string | undefined;
  #refreshing: Promise<boolean> | undefined;
  expiresAt: number | undefined;

  constructor(private readonly changed: (what: 'adopted' | 'refreshing' | 'refreshed' | 'signed-out') => void) {}

  adopt(grant: UsualGrant): void {
    this.#token = grant.access_token;
    this.expiresAt = now() + grant.expires_in * 1000;
    this.changed('adopted');
  }

  async get(url: string): Promise<Response> {
    if ((this.expiresAt ?? 0) <= now() && !(await this.#refresh())) throw new Error('Signed out.');
    const response = await this.#send(url);
    if (response.status !== 401) return response;
    return (await this.#refresh()) ? this.#send(url) : response;
  }

  #send(url: string): Promise<Response> {
    return fetch(url, { headers: { authorization: `Bearer ${this.#token ?? ''}` } });
  }

  #refresh(): Promise<boolean> {
    return (this.#refreshing ??= this.#exchange().finally(() => (this.#refreshing = undefined)));
  }

  async #exchange(): Promise<boolean> {
    this.changed('refreshing');
    const response = await fetch('/each/refresh', { method: 'POST' });
    if (response.ok) {
      const grant = (await response.json()) as UsualGrant;
      this.#token = grant.access_token;
      this.expiresAt = now() + grant.expires_in * 1000;
      this.changed('refreshed');
      return true;
    }
    this.#token = undefined;
    this.expiresAt = undefined;
    this.changed('signed-out');
    return false;
  }
}
