/** One origin of a test: its server, and the tabs a browser has open on it. */
import type { BrowserContext } from '@playwright/test';
import { expect } from '@playwright/test';
import type { App } from '../server/app.js';
import type { Answer, SessionOptions } from '../server/pages/subject.js';
import type { Mounted } from '../server/backends.js';
import { type Context, type Tab, tab } from './tab.js';

export interface House<T extends Context> {
  readonly server: App;
  readonly backend: Mounted;
  /** A page that has loaded and created its session. */
  open(name: string, options?: SessionOptions): Promise<T>;
  /** `count` tabs, the first of them signed in as `user`, all active; the counters start anew. */
  signedIn(count: number, options?: SignedIn): Promise<T[]>;
  /** Every context calls the API at once, and each of them gets a 401. */
  storm(contexts: readonly Context[], path?: string): Map<Context, Promise<Answer<'api'>>>;
}

export interface Origin extends House<Tab> {
  readonly browser: BrowserContext;
  /** What the browser keeps for the endpoint, HttpOnly included. */
  cookies(): Promise<{ name: string; value: string; httpOnly: boolean }[]>;
}

export interface SignedIn {
  user?: string;
  session?: SessionOptions;
}

export function origin(server: App, backend: Mounted, browser: BrowserContext): Origin {
  const open = async (name: string, url: string): Promise<Tab> => {
    const page = await browser.newPage();
    await page.goto(url);
    return tab(page, name);
  };
  return { ...house(server, backend, open), browser, cookies: async () => (await browser.cookies()).filter((cookie) => cookie.httpOnly) };
}

/** The same in whichever browser `show` opens its tabs. */
export function house<T extends Context>(server: App, backend: Mounted, show: (name: string, url: string) => Promise<T>): House<T> {
  const open = (name: string, options: SessionOptions = {}): Promise<T> =>
    show(name, `${server.origin}/?name=${name}&options=${encodeURIComponent(JSON.stringify(options))}`);
  return {
    server,
    backend,
    open,
    async signedIn(count, { user = 'ada', session = {} } = {}) {
      const first = await open('tab1', session);
      expect(await first.run('login', user)).toEqual({ ok: true });
      const tabs = [first];
      for (let n = 2; n <= count; n += 1) tabs.push(await open(`tab${n}`, session));
      await becomesActive(tabs);
      backend.rest();
      server.journal.clear();
      server.api.clear();
      return tabs;
    },
    storm(contexts, path = '/api/me') {
      server.api.expireAll();
      return new Map(
        contexts.map((context) => {
          const answer = context.run('api', path);
          // A context that is closed or crashed on purpose never answers.
          answer.catch(() => undefined);
          return [context, answer];
        }),
      );
    },
  };
}

export async function becomesActive(contexts: readonly Context[]): Promise<void> {
  await Promise.all(contexts.map((context) => expect.poll(async () => (await context.run('snapshot')).status, { message: `${context.name} becomes active` }).toBe('active')));
}

/** Each context comes to hold a usable token, however often it has to ask. */
export async function getsToken(contexts: readonly Context[], timeout = 15_000): Promise<void> {
  await Promise.all(
    contexts.map((context) => expect.poll(async () => (await context.run('api', '/api/me')).ok, { message: `${context.name} gets a token`, timeout }).toBe(true)),
  );
}

export async function neverEnded(contexts: readonly Context[]): Promise<void> {
  for (const context of contexts) {
    expect(await context.run('events', 'ended'), `${context.name} was never told that the session ended`).toEqual([]);
    expect(await context.run('statuses')).not.toContain('ended');
  }
}
