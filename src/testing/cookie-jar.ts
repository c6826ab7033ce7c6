/** The cookies of a virtual browser, as far as one endpoint is concerned, and what of them is on disk. */
import { HINT_COOKIE } from '../contract/wire.js';
import { createDisk } from './disk.js';

/** The browser's cookies, with the disk they are flushed to late. */
export interface CookieJar {
  /** Value of a `Cookie` header, or `undefined` when there are none. */
  header(): string | undefined;
  get(name: string): string | undefined;
  /** One `Set-Cookie` value: name, value, and whether it deletes. Other attributes are not looked at. */
  accept(setCookie: string): void;
  clear(): void;
  /** Somebody may be signed in: the readable marker. */
  hint(): boolean;
  /** The browser was killed: cookies not yet flushed are the previous ones again. */
  revert(): void;
}

export const createCookieJar = (now: () => number, flushDelay: () => number): CookieJar => {
  let cookies: ReadonlyMap<string, string> = new Map();
  const disk = createDisk(cookies, now, flushDelay);
  const store = (next: ReadonlyMap<string, string>): void => {
    cookies = next;
    disk.write(next, false);
  };
  return {
    header: () => (cookies.size === 0 ? undefined : [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')),
    get: (name) => cookies.get(name),
    accept(setCookie) {
      const [pair = '', ...attributes] = setCookie.split(';').map((part) => part.trim());
      const cut = pair.indexOf('=');
      if (cut < 1) return;
      const name = pair.slice(0, cut);
      const deletes = attributes.some((attribute) => /^max-age=(0|-\d+)$/i.test(attribute) || /^expires=Thu, 01 Jan 1970/i.test(attribute));
      const next = new Map(cookies);
      if (deletes) next.delete(name);
      else next.set(name, pair.slice(cut + 1));
      store(next);
    },
    clear: () => store(new Map()),
    hint: () => [...cookies.keys()].some((name) => name.startsWith(HINT_COOKIE)),
    revert() {
      cookies = disk.recover();
    },
  };
};
