/** Events as text on the wire. Only the fields named here travel, whatever else an event carries. @see https://html.spec.whatwg.org/multipage/server-sent-events.html */
import type { StreamEventName, StreamEvents } from '../../contract/wire.js';
import { utf8, type Bytes } from '../encoding.js';

const FIELDS: { readonly [Name in StreamEventName]: readonly (keyof StreamEvents[Name] & string)[] } = {
  hello: ['sid', 'gen', 'refresh_expires_in', 'server_time'],
  rotated: ['sid', 'gen'],
  revoked: ['sid', 'reason'],
  signed_out: ['sid', 'reason', 'replaced'],
  expiring: ['sid', 'reason', 'expires_in'],
  degraded: ['sid', 'reason'],
};

/** Keeps proxies from closing a silent connection, and finds out about readers that are gone. */
export const HEARTBEAT = utf8(':\n\n');

export const isStreamEvent = (name: string): name is StreamEventName => Object.hasOwn(FIELDS, name);

/** How long the reader waits before it comes back, in milliseconds: the readers of a node that stops must not return as one wave. */
export const comeBack = (ms: number): Bytes => utf8(`retry: ${Math.round(ms)}\n\n`);

/** `id` is what the reader hands back as Last-Event-ID; an event without one leaves the reader's as it was. */
export function frame(name: StreamEventName, data: Readonly<Record<string, unknown>>, id?: string): Bytes {
  const told = Object.fromEntries(FIELDS[name].map((field) => [field, data[field]]));
  // JSON has no line breaks of its own, so an event is always three lines.
  return utf8(`${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(told)}\n\n`);
}
