import type { Frame, Page, Worker } from '@playwright/test';
import type { Command, Run, SessionOptions } from '../server/pages/subject.js';

/** Anything of the origin that has a session: tab, iframe, dedicated or shared worker. */
export interface Context {
  readonly name: string;
  readonly run: Run;
}

export interface Tab extends Context {
  readonly page: Page;
  add(kind: 'iframe' | 'worker' | 'shared', name: string, options?: SessionOptions): Promise<Context>;
  close(): Promise<void>;
  /** Kills the renderer process of this tab and of no other. */
  crash(): Promise<void>;
}

type Call = [command: string, args: unknown[]];
type Target = { evaluate(body: (call: Call) => unknown, call: Call): Promise<unknown> };

export function tab(page: Page, name: string): Tab {
  return {
    page,
    ...context(page, name),
    async add(kind, child, options = {}) {
      const worker = kind === 'worker' ? page.waitForEvent('worker', (made) => made.url().includes(`name=${child}&`)) : undefined;
      await page.evaluate(([k, n, o]) => window.spawn(k, n, o), [kind, child, JSON.stringify(options)] as const);
      if (kind === 'shared')
        return context({ evaluate: (_body, call) => page.evaluate(([n, [c, a]]) => window.remote.get(n)?.(c as Command, a), [child, call] as const) }, child);
      return context(kind === 'iframe' ? frameOf(page, child) : ((await worker) as Worker), child);
    },
    close: () => page.close(),
    async crash() {
      const gone = page.waitForEvent('crash');
      const cdp = await page.context().newCDPSession(page);
      void cdp.send('Page.crash').catch(() => undefined);
      await gone;
    },
  };
}

function context(target: Pick<Target, 'evaluate'> | Page | Frame | Worker, name: string): Context {
  const { evaluate } = target as Target;
  return {
    name,
    run: ((command, ...args: unknown[]) => evaluate.call(target, runHere, [command, args])) as Run,
  };
}

/** Travels into the page as text, so it may use nothing from around it. */
const runHere = ([command, args]: Call): unknown =>
  (globalThis as unknown as { subject: Record<string, (...args: unknown[]) => unknown> }).subject[command]?.(...args);

function frameOf(page: Page, name: string): Frame {
  const frame = page.frame({ name });
  if (!frame) throw new Error(`No frame ${name}.`);
  return frame;
}
