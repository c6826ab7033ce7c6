/** The routes below the mount. */
import type { RequestInfo } from '../config/endpoint-options.js';
import { decideDevice, showDevice } from '../device-grant/approval.js';
import { pollDevice, startDevice } from '../device-grant/device.js';
import { endDevice, listDevices } from '../devices/devices.js';
import { events } from '../events/route.js';
import { backchannelLogout } from './backchannel-logout.js';
import { callback } from './callback.js';
import type { Call } from './call.js';
import type { Draft } from './draft.js';
import type { Caller } from './gate.js';
import { login } from './login.js';
import { logout } from './logout.js';
import { friendlyPage } from './page.js';
import { providerSignIn } from './provider-sign-in.js';
import { serviceToken } from '../manager/service-token.js';
import { readRefresh } from './refresh-request.js';
import { refresh, type Carry } from './refresh.js';
import type { Service } from './service.js';
import { session } from './session.js';
import { refreshFromMemory } from './warm-tokens.js';
import { signInPage } from './sign-in-page.js';

export interface Visit {
  service: Service;
  call: Call;
  /** Made when a route reads it: a refresh does without. */
  readonly request: Request;
  readonly url: URL;
  caller: Caller;
  info: RequestInfo;
  /** What stands for `:id` in the route's path. */
  id: string;
  /** What a refresh was asked: a body can be read once, and an outage asks for it again. */
  asked?: ReturnType<typeof readRefresh>;
  /** Set once the store has decided on a credential: that goes with whatever is answered then. */
  carry?: Carry;
}

export interface Route {
  /** `foreign`: the full CSRF rule. `cross-site`: reads of the application's own pages. `open`: anybody. */
  readonly guard: 'foreign' | 'cross-site' | 'open';
  /** Answered within the server time, with 503 if need be. */
  readonly bounded: boolean;
  run(visit: Visit): Promise<Draft>;
  /** What can be said while the store does not answer. */
  withoutStore?(visit: Visit): Promise<Draft | undefined>;
}

const askedOnce = (visit: Visit): ReturnType<typeof readRefresh> => (visit.asked ??= readRefresh(visit.service, visit.call));

export const routes: Readonly<Record<string, Readonly<Partial<Record<string, Route>>>>> = {
  '/refresh': {
    POST: {
      guard: 'foreign',
      bounded: true,
      run: async (visit) => refresh(visit.service, visit.call, visit.caller, await askedOnce(visit), (carry) => void (visit.carry = carry)),
      withoutStore: async (visit) => refreshFromMemory(visit.service, visit.call, visit.caller, await askedOnce(visit)),
    },
  },
  '/session': {
    GET: { guard: 'cross-site', bounded: true, run: ({ service, request, caller }) => session(service, request, caller) },
  },
  '/events': {
    // A stream that nobody waits for any more would stay open unread; its reader has patience of its own.
    GET: { guard: 'cross-site', bounded: false, run: ({ service, request, caller }) => events(service, request, caller) },
  },
  '/devices': {
    GET: { guard: 'cross-site', bounded: true, run: ({ service, request, caller }) => listDevices(service, request, caller) },
  },
  '/devices/:id': {
    DELETE: { guard: 'foreign', bounded: true, run: ({ service, request, caller, id }) => endDevice(service, request, caller, id) },
  },
  '/device': {
    POST: { guard: 'foreign', bounded: true, run: ({ service, request, caller, info }) => startDevice(service, request, caller, info) },
    GET: { guard: 'cross-site', bounded: true, run: ({ service, request, caller, url }) => showDevice(service, request, caller, url) },
  },
  '/device/decision': {
    POST: { guard: 'foreign', bounded: true, run: ({ service, request, caller }) => decideDevice(service, request, caller) },
  },
  '/device/token': {
    POST: { guard: 'foreign', bounded: false, run: ({ service, request, caller }) => pollDevice(service, request, caller) },
  },
  '/login': {
    // The application may hash a password for as long as it likes.
    POST: { guard: 'foreign', bounded: false, run: ({ service, request, caller, info }) => login(service, request, caller, info) },
    GET: {
      guard: 'open',
      bounded: false,
      run: async ({ service, request, url }) =>
        service.provider ? providerSignIn(service, service.provider, request, url) : signInPage(service, url),
    },
  },
  '/logout': {
    POST: { guard: 'foreign', bounded: true, run: ({ service, request, caller }) => logout(service, request, caller) },
  },
  '/callback': {
    GET: {
      guard: 'open',
      bounded: false,
      run: async ({ service, request, url }) =>
        service.provider
          ? callback(service, service.provider, request, url)
          : friendlyPage(service.place, 404, 'Nothing to see here', 'No provider signs anybody in here.'),
    },
  },
  '/token': {
    // Services may wait longer than a browser would.
    POST: { guard: 'open', bounded: false, run: ({ service, request }) => serviceToken(service, request) },
  },
  '/backchannel-logout': {
    POST: { guard: 'open', bounded: false, run: ({ service, request }) => backchannelLogout(service, service.provider, request) },
  },
  '/jwks': {
    GET: {
      guard: 'open',
      bounded: true,
      run: async ({ service }) => ({
        status: 200,
        body: service.issuer?.jwks() ?? { keys: [] },
        cookies: [],
        headers: { 'Cache-Control': 'public, max-age=300', 'Access-Control-Allow-Origin': '*', Vary: 'Origin' },
      }),
    },
  },
};
