/** What happens to this context: visible, hidden, about to stop, running again. */
import type { ContextKind } from '../contract/wire.js';
import type { Lifecycle, LifecycleEvent } from '../core/ports.js';

const kindOf = (): ContextKind => {
  if (globalThis.document) return parent === self ? 'page' : 'iframe';
  return 'clients' in self ? 'service_worker' : 'onconnect' in self ? 'shared_worker' : 'worker';
};

/**
 * True when some ancestor frame cannot be read, that is, has another origin. Which of those are of the
 * same *site* no script can tell without the list of public suffixes; taking them all for foreign only
 * means that this frame's "nobody is signed in" stays its own business.
 */
const underForeign = (): boolean => {
  try {
    for (let frame: Window = self; frame !== frame.parent; frame = frame.parent) if (!frame.parent.document) return true;
    return false;
  } catch {
    return true;
  }
};

const meanings: Record<string, LifecycleEvent> = {
  online: 'online',
  pagehide: 'suspend',
  freeze: 'suspend',
  pageshow: 'resume',
  resume: 'resume',
  prerenderingchange: 'resume',
  visibilitychange: 'visible',
};

export const createLifecycle = (): Lifecycle => {
  const page = globalThis.document as (Document & { prerendering?: boolean }) | undefined;
  const active = () => !page?.prerendering;
  return {
    kind: kindOf(),
    visible: () => page?.visibilityState === 'visible',
    active,
    crossSite: !!page && underForeign(),
    listen(on) {
      const stop = new AbortController();
      let suspended = !active();
      const hear = ({ type, target }: Event) => {
        const meaning = meanings[type]!;
        // Whatever an element of the page calls `resume` is none of ours.
        if (target !== self && target !== page) return;
        if (meaning === 'visible') on(page!.visibilityState);
        else if (meaning === 'online') on(meaning);
        // Chromium says `pagehide` and `freeze`, then `resume` and `pageshow`: one of each is enough,
        // and the `pageshow` of a page that is still prerendering is none.
        else if (suspended !== (meaning === 'suspend') && active()) {
          suspended = !suspended;
          on(meaning);
        }
      };
      // Captured at the window, the document's events pass here, too. In a worker most never come.
      for (const type in meanings) self.addEventListener(type, hear, { capture: true, signal: stop.signal });
      return () => stop.abort();
    },
  };
};
