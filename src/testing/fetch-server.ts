/** Puts a real `(Request) => Response` handler behind a virtual origin: the endpoint itself, for instance. */
import { logoutRequest, refreshRequest } from '../browser/wire-request.js';
import type { VirtualResponse, VirtualServer } from './virtual-network.js';

/** Which handler, and where it thinks it lives. */
export interface FetchServerOptions {
  handler: (request: Request) => Response | Promise<Response>;
  /** Origin of the page and the endpoint. Default `https://app.test`. */
  publicOrigin?: string;
  /** Default `/auth`. */
  mount?: string;
  /** `origin.external`, when the handler needs real time (WebCrypto, a database). */
  external?: <T>(work: Promise<T>) => Promise<T>;
}

/** A virtual server around a real `(Request) => Response` handler. */
export const fetchServer = (options: FetchServerOptions): VirtualServer => {
  const { handler, publicOrigin = 'https://app.test', mount = '/auth', external = (work) => work } = options;

  const ask = async (request: Request): Promise<VirtualResponse> => {
    const response = await handler(request);
    const text = await response.text();
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;
    }
    const retryAfter = response.headers.get('Retry-After');
    return {
      status: response.status,
      json,
      setCookie: response.headers.getSetCookie(),
      ...(retryAfter === null ? {} : { retryAfter: Number(retryAfter) * 1000 }),
    };
  };

  return (request) => {
    const { headers, body } =
      request.route === 'refresh' ? refreshRequest(request.call, true, request.kind) : logoutRequest(request.call, true);
    return external(
      ask(
        new Request(`${publicOrigin}${mount}/${request.route}`, {
          method: 'POST',
          headers: {
            ...headers,
            Origin: publicOrigin,
            'Sec-Fetch-Site': 'same-origin',
            ...(request.cookie === undefined ? {} : { Cookie: request.cookie }),
          },
          ...(body === undefined ? {} : { body }),
        }),
      ),
    );
  };
};
