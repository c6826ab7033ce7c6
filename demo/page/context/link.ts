import type { FromContext, ToContext } from '../messages.js';

/** The line between a context and the page that shows it. Frames of the left stage have an origin of their own. */
export interface Link {
  /** `3` of `ab12-each-3`. */
  readonly number: string;
  /** The part that all contexts of one stage on one page share. */
  readonly family: string;
  tell(message: FromContext): void;
}

export function openLink(hear: (message: ToContext) => void): Link {
  const id = new URLSearchParams(location.search).get('id') ?? '';
  const parts = id.split('-');
  addEventListener('message', (event) => {
    if (event.source === window.parent && event.source !== window) hear(event.data as ToContext);
  });
  return {
    number: parts.at(-1) ?? '?',
    family: parts.slice(0, -1).join('-'),
    tell: (message) => window.parent.postMessage({ id, ...message }, '*'),
  };
}
