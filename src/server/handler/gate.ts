/**
 * Who may call: the cross-site request forgery rules, and CORS for the listed origins.
 *
 * A body-less POST gets no preflight, so the static header is verified on every request, and the browser's own
 * word for where the request came from beside it.
 * @see draft-ietf-oauth-browser-based-apps, "Cross-Site Request Forgery Protections"
 */
import { ATTEMPT_HEADER, GUARD_HEADER, NATIVE_GUARD } from '../../contract/wire.js';
import { isListed, type Place } from '../config/place.js';
import type { Heard } from './call.js';
import { refusal, type Draft } from './draft.js';

export interface Caller {
  /** The origin whose cookies are meant. */
  readonly origin: string;
  /** Set when the answer needs CORS headers. */
  readonly cors: string | null;
}

/** Stands for the origin of an app that is no page: no cookie is ever named after it. */
export const NATIVE = 'native';

export const isNative = ({ origin }: Caller): boolean => origin === NATIVE;

export function callerOf(request: Heard, place: Place): Caller {
  if (request.headers.get(GUARD_HEADER) === NATIVE_GUARD) return { origin: NATIVE, cors: null };
  const origin = request.headers.get('Origin');
  if (origin !== null && origin !== place.publicOrigin && place.origins.has(origin)) return { origin, cors: origin };
  return { origin: place.publicOrigin, cors: null };
}

/** The refusal of a request that a page of this application did not make, or `undefined`. */
export function refuseForeign(request: Heard, place: Place): Draft | undefined {
  if (request.headers.get(GUARD_HEADER) === NATIVE_GUARD) return refuseBrowser(request);
  if (request.headers.get(GUARD_HEADER) !== '1') {
    return refusal(403, 'access_denied', 'csrf_header', `Send the header ${GUARD_HEADER}: 1 with every POST and DELETE.`);
  }
  return originAllowed(request, place)
    ? undefined
    : refusal(403, 'access_denied', 'csrf_origin', 'The request comes from an origin that is not listed. Add it to `origins`.');
}

/**
 * Who carries its credential in the body cannot be made to send it, so there is nothing to forge. But a script in a page
 * must not get hold of such a credential: it would take it away, where a cookie stays.
 */
function refuseBrowser({ headers }: Heard): Draft | undefined {
  if (!headers.has('Sec-Fetch-Site') && !headers.has('Origin')) return undefined;
  return refusal(403, 'access_denied', 'csrf_origin', `A page keeps its credential in a cookie. Send ${GUARD_HEADER}: 1.`);
}

/** Reads need no header, but never answer another site. */
export function refuseCrossSite(request: Heard, place: Place): Draft | undefined {
  const site = request.headers.get('Sec-Fetch-Site');
  if (site === null || site === 'same-origin' || site === 'none' || originAllowed(request, place)) return undefined;
  return refusal(403, 'access_denied', 'csrf_origin', 'The request comes from an origin that is not listed. Add it to `origins`.');
}

function originAllowed(request: Heard, place: Place): boolean {
  const site = request.headers.get('Sec-Fetch-Site');
  const origin = request.headers.get('Origin');
  const listed = origin !== null && isListed(place, origin);
  switch (site) {
    case 'same-origin':
      return true;
    case 'same-site':
      return listed;
    case 'none':
      // An extension's own page; a typed URL or a bookmark never posts.
      return listed && /^[a-z]+-extension:/.test(origin);
    case null:
      return listed;
    default:
      return false;
  }
}

/** Answers a CORS preflight. */
export function preflight(request: Heard, place: Place): Draft {
  const { cors } = callerOf(request, place);
  if (cors === null) return refusal(403, 'access_denied', 'csrf_origin', 'This origin is not listed. Add it to `origins`.');
  return {
    status: 204,
    body: null,
    cookies: [],
    headers: {
      'Access-Control-Allow-Methods': 'GET, POST, DELETE',
      'Access-Control-Allow-Headers': `Content-Type, ${GUARD_HEADER}, ${ATTEMPT_HEADER}, Last-Event-ID`,
      'Access-Control-Max-Age': '86400',
    },
  };
}

export function corsHeaders({ cors }: Caller): Record<string, string> {
  if (cors === null) return {};
  return {
    'Access-Control-Allow-Origin': cors,
    'Access-Control-Allow-Credentials': 'true',
    'Access-Control-Expose-Headers': 'Retry-After, Server-Timing',
  };
}
