import type { Answer, Command, Run, Subject } from '../server/pages/subject.js';
import type { Cdp, Params } from './cdp.js';

export interface RawTab {
  readonly targetId: string;
  send<T = Params>(method: string, params?: Params): Promise<T>;
  /** Value of an expression; promises are awaited. */
  evaluate<T>(expression: string): Promise<T>;
  readonly run: Run;
  /** Starts a command and leaves; `finished` tells its result, however often the page was put away in between. */
  begin<C extends Command>(command: C, ...args: Parameters<Subject[C]>): Promise<Begun<Answer<C>>>;
  goto(url: string): Promise<void>;
  reload(): Promise<void>;
  /** Through the session history, so that the back/forward cache may answer. */
  back(): Promise<void>;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  close(): Promise<void>;
  /** Kills the renderer of this tab. */
  crash(): void;
}

export interface Begun<T> {
  /** Undefined while it runs. */
  result(): Promise<T | undefined>;
}

export async function rawTab(cdp: Cdp, targetId: string): Promise<RawTab> {
  const { sessionId } = await cdp.send<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true });
  const send = <T>(method: string, params: Params = {}): Promise<T> => cdp.send<T>(method, params, sessionId);
  await send('Page.enable');
  await send('Runtime.enable');

  const next = (...methods: string[]): Promise<void> =>
    new Promise((resolve) => {
      const stop = cdp.on((method, _params, from) => {
        if (from !== sessionId || !methods.includes(method)) return;
        stop();
        resolve();
      });
    });
  const evaluate = async <T>(expression: string): Promise<T> => {
    const { result, exceptionDetails } = await send<{ result: { value: T }; exceptionDetails?: { text: string; exception?: { description?: string } } }>(
      'Runtime.evaluate',
      { expression, awaitPromise: true, returnByValue: true },
    );
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  const call = (command: string, args: unknown[]): string => `subject.${command}(...${JSON.stringify(args)})`;
  let begun = 0;

  return {
    targetId,
    send,
    evaluate,
    run: ((command, ...args: unknown[]) => evaluate(call(command, args))) as Run,
    async begin<C extends Command>(command: C, ...args: Parameters<Subject[C]>) {
      begun += 1;
      const slot = `begun${begun}`;
      await evaluate(`void (async () => { window.${slot} = { done: false }; const value = await ${call(command, args)}; window.${slot} = { done: true, value }; })()`);
      return {
        async result() {
          const { done, value } = await evaluate<{ done: boolean; value: Answer<C> }>(`window.${slot}`);
          return done ? value : undefined;
        },
      };
    },
    async goto(url) {
      const load = next('Page.loadEventFired');
      const { errorText } = await send<{ errorText?: string }>('Page.navigate', { url });
      if (errorText) throw new Error(`${url}: ${errorText}`);
      await load;
    },
    async reload() {
      const load = next('Page.loadEventFired');
      await send('Page.reload');
      await load;
    },
    async back() {
      const { currentIndex, entries } = await send<{ currentIndex: number; entries: { id: number }[] }>('Page.getNavigationHistory');
      const entry = entries[currentIndex - 1];
      if (!entry) throw new Error('There is no page to go back to.');
      // A page that comes out of the cache does not load again: its only sign is the navigation itself.
      const shown = next('Page.loadEventFired', 'Page.frameNavigated');
      await send('Page.navigateToHistoryEntry', { entryId: entry.id });
      await shown;
    },
    freeze: async () => void (await send('Page.setWebLifecycleState', { state: 'frozen' })),
    thaw: async () => void (await send('Page.setWebLifecycleState', { state: 'active' })),
    close: async () => void (await cdp.send('Target.closeTarget', { targetId })),
    crash: () => void send('Page.crash').catch(() => undefined),
  };
}
