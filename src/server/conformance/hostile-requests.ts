/**
 * Requests nobody honest would send: method, path, origin, headers, body, size and cookie bytes drawn from what
 * breaks parsers, by a seeded generator, so that a failure can be played again by its number.
 */
export interface HostileRequest {
  request: Request;
  /** For the message of a failing test. */
  told(): string;
}

export interface Seeded {
  /** Uniform in [0, 1). */
  next(): number;
  below(limit: number): number;
  pick<T>(list: readonly T[]): T;
}

/** xorshift32: small, fast, the same everywhere. */
function seeded(seed: number): Seeded {
  let state = seed | 0 || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return { next, below, pick: (list) => list[below(list.length)]! };
}

const METHODS = ['GET', 'POST', 'POST', 'POST', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'PROPFIND', 'get', 'Post', '__proto__'];
const PATHS = [
  '/refresh', '/refresh', '/refresh', '/session', '/login', '/login', '/login', '/logout', '/callback', '/backchannel-logout', '/jwks', '/events', '/token',
  '/devices', '/devices/x', '/device', '/device', '/device/token', '/device/decision', '/device?user_code=BBBB-BBBB', '/device/', '/device/x', '/', '', '/../refresh', '//refresh', '/refresh/', '/refresh%00', '/%2e%2e/x', '/constructor', '/__proto__', '/toString',
  '/refresh?a=1', '/login?return_to=//evil.example', '/callback?state=__proto__&code=x', `/${'a'.repeat(2_000)}`,
];
const SITES = ['same-origin', 'same-site', 'cross-site', 'none', '', 'SAME-ORIGIN', 'same-origin, cross-site', 'x'.repeat(500)];
const ORIGINS = ['https://app.example', 'https://app.example.evil.example', 'null', '*', 'https://evil.example', 'chrome-extension://x', 'https://app.example/', 'HTTPS://APP.EXAMPLE', ''];
const TYPES = ['application/json', 'application/json; charset=utf-16', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', '', 'application/jsonp', 'application/json, text/html'];
const VALUES: readonly unknown[] = [
  null, true, 0, -1, 1e308, -0, 1.5, Number.MAX_SAFE_INTEGER, 2 ** 53, '', 'x', '\u0000', '\ud800', 'a'.repeat(3_000), [], {}, [[]], { toJSON: 1 }, '__proto__',
  'force', 'startup', 'AAAAAAAAAAAAAAAAAAAAAA', ['AAAAAAAAAAAAAAAAAAAAAA'], Array(40).fill('AAAAAAAAAAAAAAAAAAAAAA'), '../../etc', '<script>', '${7*7}', "' OR 1=1--",
];
const FIELDS = ['reason', 'have', 'min_ttl', 'scope', 'resource', 'ids', 'context', 'stats', 'sid', 'user', 'password', 'username', 'logout_token', 'user_code', 'approve', 'bound', '__proto__', 'constructor'];
const CODE = 'grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=';
const RAW = ['', '{', '[]', 'null', '"x"', '{"a":', '\ufeff{}', '{"reason":"force"', '[[[[', 'a=b', 'logout_token=e30.e30.e30', 'grant_type=client_credentials&user=x', '{}{}', '[1,2', `${CODE}${'A'.repeat(43)}`, CODE, `{"a":${'['.repeat(3_000)}`];

const ODD = '\t !"#$%&\'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~\u0080\u00ff';
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** @param genuine A real session's cookie, which another site's pages make the browser send along. */
export function hostileRequests(origin: string, seed: number, genuine = ''): () => HostileRequest {
  const chance = seeded(seed);
  function text(limit: number, alphabet = ODD): string {
    let drawn = '';
    for (let left = chance.below(limit); left > 0; left -= 1) drawn += alphabet[chance.below(alphabet.length)];
    return drawn;
  }
  const token = (limit: number) => text(limit, BASE64URL);

  function cookie(): string {
    const name = chance.pick([`__Host-Http-tabaton.${token(6)}.${token(10)}`, '__Host-Http-tabaton..', 'tabaton-hint', '__Host-Http-tabaton-tx-AAAA', text(20), '__proto__']);
    const value = chance.pick([() => token(120), () => text(80), () => 'A'.repeat(4_000), () => '', () => `AQ${token(53)}`])();
    return `${name}=${value}`;
  }
  function body(): string {
    if (chance.next() < 0.3) return chance.pick(RAW);
    if (chance.next() < 0.1) return text(30).repeat(chance.below(600));
    const fields = Array.from({ length: chance.below(5) }, () => [chance.pick(FIELDS), chance.pick(VALUES)] as const);
    // Built by hand: an object literal would swallow `__proto__`.
    return `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value) ?? 'null'}`).join(',')}}`;
  }
  function headers(): Headers {
    const made = new Headers();
    const put = (name: string, value: () => string, share: number) => {
      if (chance.next() >= share) return;
      try {
        made.set(name, value());
      } catch {
        // Bytes that no runtime lets through in a header.
      }
    };
    put('X-Tabaton', () => chance.pick(['1', '1', '1', 'native', '0', '', '1, 1', text(30)]), 0.8);
    put('Sec-Fetch-Site', () => chance.pick(SITES), 0.7);
    put('Origin', () => chance.pick(ORIGINS), 0.5);
    put('Content-Type', () => chance.pick(TYPES), 0.8);
    put('Idempotency-Key', () => chance.pick(['A'.repeat(22), token(80), text(30), '']), 0.7);
    put('Cookie', () => Array.from({ length: 1 + chance.below(6) }, cookie).join(chance.pick(['; ', ';', ',', '; ;'])), 0.7);
    put('Authorization', () => chance.pick(['Bearer x', 'Basic =', `Basic ${token(60)}`, text(60)]), 0.2);
    put('X-Forwarded-Host', () => 'evil.example', 0.2);
    put('X-HTTP-Method-Override', () => 'DELETE', 0.1);
    put('Last-Event-ID', () => chance.pick(['-1', '99999999999999999999', text(20)]), 0.1);
    put('Accept', () => chance.pick(['text/event-stream', 'text/html', '*/*']), 0.3);
    if (genuine !== '' && chance.next() < 0.1) {
      made.set('Cookie', genuine);
      made.set('Sec-Fetch-Site', 'cross-site');
    }
    return made;
  }

  return () => {
    const method = chance.pick(METHODS);
    const path = chance.pick(PATHS);
    const bodyless = /^(GET|HEAD)$/i.test(method);
    const sent = bodyless || chance.next() < 0.1 ? undefined : body();
    const request = new Request(`${origin}/auth${path}`, { method, headers: headers(), body: sent });
    return { request, told: () => `${method} ${path.slice(0, 40)} ${JSON.stringify([...request.headers]).slice(0, 300)} ${String(sent).slice(0, 200)}` };
  };
}
