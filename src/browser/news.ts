/** What the endpoint says by itself, over an EventSource. Loaded by the one context of a browser that listens. */
import { DEADLINE_MS } from '../contract/wire.js';
import { follow } from '../core/following.js';
import type { News } from '../core/ports.js';
import { exchange, replyOf } from './exchange.js';

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** `mount`: the endpoint's own URL. A stream carries no header of ours, so other sites are kept out by `Sec-Fetch-Site`. */
export const createNews = (mount: string): News => ({
  follow,
  source: {
    open({ event, lost }) {
      const stream = new EventSource(mount + '/events', { withCredentials: true });
      for (const name of ['hello', 'revoked', 'signed_out']) stream.addEventListener(name, ({ data }: MessageEvent<string>) => event(name, parse(data)));
      stream.onerror = () => lost(stream.readyState === EventSource.CLOSED);
      return () => stream.close();
    },
    session: () =>
      exchange(DEADLINE_MS, async (signal) => replyOf(await fetch(mount + '/session', { credentials: 'include', cache: 'no-store', signal }))).reply,
  },
});
