/**
 * `GET /auth/events`: what happens to the caller's own session, as it happens.
 *
 * 204 when there is nothing to listen to: it is what keeps an EventSource from coming back. It says nothing about
 * why; `GET /auth/session` does.
 */
import type { Draft } from '../handler/draft.js';
import type { Caller } from '../handler/gate.js';
import { tidy } from '../handler/jar.js';
import { readPresented } from '../handler/present-read.js';
import type { Service } from '../handler/service.js';
import { openStream } from './stream.js';

export async function events(service: Service, request: Request, caller: Caller): Promise<Draft> {
  const reading = await readPresented(service, request, caller.origin);
  const cookies = tidy(service, reading.jar);
  const nothing: Draft = { status: 204, body: null, cookies, headers: {} };
  if (reading.kind === 'inactive') return nothing;
  const after = request.headers.get('Last-Event-ID') ?? undefined;
  const stream = await openStream(service, reading.presented.family, after, request.signal);
  if (!stream) return nothing;
  return {
    status: 200,
    body: null,
    cookies,
    stream,
    // A proxy that gathers or compresses would hold the events back.
    headers: { 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' },
  };
}
