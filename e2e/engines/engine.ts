/** A browser that Playwright does not drive here, as far as a row needs one. */
import type { Context } from '../harness/tab.js';

export interface EngineTab extends Context {
  /** Value of an expression, as JSON; promises are awaited. */
  evaluate<T>(expression: string): Promise<T>;
  goto(url: string): Promise<void>;
  /** Through the session history, so that the back/forward cache may answer. Resolves when the way back has begun. */
  back(): Promise<void>;
  close(): Promise<void>;
}

export interface Engine {
  open(name: string, url: string): Promise<EngineTab>;
  /** What is kept for the page shown by `tab`, HttpOnly included. */
  cookies(tab: EngineTab): Promise<{ name: string; httpOnly: boolean }[]>;
  quit(): Promise<void>;
}

/** What runs in the page for `run`: the same for every engine. */
export const callOf = (command: string, args: readonly unknown[]): string => `subject.${command}(...${JSON.stringify(args)})`;
