/** A session in a virtual tab: the real protocol on virtual ports, for tests of an application. */
import { createFetch, type Api } from '../clients/fetch.js';
import { defaults } from '../core/defaults.js';
import { preloaded } from '../core/preloaded.js';
import { createCoreSession } from '../core/session.js';
import type { CoreOptions, CoreSession } from '../core/types.js';
import type { VirtualContext } from './virtual-context.js';
import type { VirtualOrigin } from './virtual-origin.js';

/** The options of a session, and the API it talks to. */
export interface VirtualSessionOptions extends Partial<CoreOptions> {
  /** Answers `session.fetch`. Default: 200 with an empty body. Takes no virtual time. */
  api?: (request: Request) => Response | Promise<Response>;
  /** Which requests get the token. Default: those to {@link VIRTUAL_ORIGIN_URL}. */
  apis?: Api[];
  isUnauthorized?: (response: Response) => boolean | Promise<boolean>;
  /** Bytes. */
  replayLimit?: number;
}

/** A session as `createSession()` gives it. */
export interface VirtualSession extends CoreSession {
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
}

/** Where virtual pages live; relative URLs are resolved against it. */
export const VIRTUAL_ORIGIN_URL = 'https://app.test';

/**
 * Opens a session in a context of a virtual origin. Sessions of one origin are one client.
 *
 * @example
 * const server = createStrictServer();
 * const origin = createVirtualOrigin({ seed: 1, server: server.serve });
 * origin.jar.accept(server.login());
 * const sessions = [1, 2, 3].map(() => createVirtualSession(origin, origin.context(), { start: 'eager' }));
 * const tokens = Promise.all(sessions.map((session) => session.getToken()));
 * await origin.until(() => server.minted > 0);
 */
export const createVirtualSession = (origin: VirtualOrigin, context: VirtualContext, options: VirtualSessionOptions = {}): VirtualSession => {
  const { api = () => new Response(), apis = [{ origin: VIRTUAL_ORIGIN_URL }], isUnauthorized, replayLimit, ...core } = options;
  const { session, context: inner } = createCoreSession(context.ports, { ...defaults, ...core }, 'virtual', preloaded);
  const send = createFetch(session, {
    apis,
    isUnauthorized,
    replayLimit,
    fetch: (request) => origin.external((async () => api(request))()),
    rejected: (event) => inner.emit('rejected', event),
  });
  return Object.assign(session, {
    // Outside a browser a relative URL has nothing to be relative to.
    fetch: (input: RequestInfo | URL, init?: RequestInit) => send(typeof input === 'string' ? new URL(input, VIRTUAL_ORIGIN_URL) : input, init),
  });
};
