/** Asks a refresh endpoint what a browser without a session would ask, and says what its answers mean for the one with a session. */
import { ATTEMPT_HEADER, GUARD_HEADER } from '../contract/wire.js';
import type { Outcome } from './copy.js';

const PATIENCE_MS = 10_000;

interface Probe {
  status: number;
  type: string;
  json: Record<string, unknown> | undefined;
  headers: Headers;
}

const probe = async (url: URL, guarded: boolean, send: typeof fetch): Promise<Probe> => {
  const response = await send(url, {
    method: 'POST',
    redirect: 'manual',
    signal: AbortSignal.timeout(PATIENCE_MS),
    headers: { Origin: url.origin, 'Sec-Fetch-Site': 'same-origin', ...(guarded ? { [GUARD_HEADER]: '1', [ATTEMPT_HEADER]: 'doctor-'.padEnd(32, '0') } : {}) },
  });
  const text = await response.text();
  let json: Probe['json'];
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) json = parsed as Probe['json'];
  } catch {
    // Said below.
  }
  return { status: response.status, type: response.headers.get('Content-Type') ?? 'no type', json, headers: response.headers };
};

/** `address`: the endpoint's mount (`https://app.example/auth`), or a refresh route of its own. */
export const doctor = async (address: string, send: typeof fetch = fetch): Promise<Outcome> => {
  // `localhost:3000/auth` is a URL, too, of the scheme `localhost`.
  if (!/^https?:\/\//i.test(address) || !URL.canParse(address)) return { status: 1, lines: [`"${address}" is no URL: write https://app.example/auth`] };
  const url = new URL(address);
  if (!url.pathname.endsWith('/refresh')) url.pathname = `${url.pathname.replace(/\/+$/, '')}/refresh`;
  const lines: string[] = [];
  let ill = false;
  const say = (well: boolean, line: string) => {
    ill ||= !well;
    lines.push(`${well ? 'ok   ' : 'FAULT'} ${line}`);
  };
  let first: Probe;
  try {
    first = await probe(url, true, send);
  } catch (error) {
    const { name, cause } = error as { name?: string; cause?: { code?: string } };
    const why = name === 'TimeoutError' ? `within ${PATIENCE_MS / 1000} s` : `(${cause?.code ?? name})`;
    return { status: 1, lines: [`FAULT ${url.href} does not answer ${why}: is the server running, at this host and port?`] };
  }
  const { status, json, type, headers } = first;
  // Whatever else such an answer says is not said by a refresh route.
  if (status === 404) return { status: 1, lines: [`FAULT ${url.pathname} is not found: is this the mount of the endpoint?`] };
  const full = typeof json?.session === 'string';
  if (status >= 300 && status < 400) say(false, `a refresh without a cookie is redirected (${status}): answer 401 or 400, a browser would take the login page for an answer.`);
  else if (status >= 500) say(false, `a refresh without a cookie is answered ${status}: every tab would retry it; answer 401 or 400.`);
  else if (status < 300) say(false, `a refresh without a cookie is answered ${status}: it must be refused.`);
  else say(true, `a refresh without a cookie is refused with ${status}.`);
  if (!json) say(false, `the answer is ${type}, not JSON.`);
  else if (full) say(json.session === 'none', `level full: session is "${String(json.session)}"${json.session === 'none' ? '' : ', where "none" belongs'}.`);
  else say(true, 'level plain: no `session` in the answer. Closed tabs and races are survived; a lost reply is not, unless it is mounted behind tabaton/server.');
  if (full) {
    say(/no-store/.test(headers.get('Cache-Control') ?? ''), 'answers are not to be stored (Cache-Control: no-store).');
    const bare = await probe(url, false, send).catch(() => undefined);
    say(bare?.status === 403, `a request without the ${GUARD_HEADER} header is ${bare?.status === 403 ? 'refused' : `answered ${bare?.status ?? 'with nothing'}, where 403 belongs (RFC 10017 §6.1.3.3)`}.`);
  }
  if (url.protocol === 'http:' && !/^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname)) say(false, 'plain http: browsers offer no locks and no service worker there, and the cookie travels readable.');
  return { status: ill ? 1 : 0, lines };
};
