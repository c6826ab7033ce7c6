/**
 * `POST /auth/token`: the token manager for services in other languages. An OAuth client asks, by HTTP Basic:
 *
 *     grant_type=client_credentials & user=ada [& scope] [& resource] [& min_ttl] [& rejected]
 *
 * The client is the one that authenticated, never one the body names; a page of a browser gets nothing here.
 * @see RFC 6749 §2.3.1, §4.4, §5.1, §5.2
 */
import { MisconfiguredError } from '../config/misconfigured.js';
import { sameBytes, sha256 } from '../encoding.js';
import { arrived, readBytes } from '../handler/body.js';
import type { Draft } from '../handler/draft.js';
import type { Settings } from '../handler/service.js';
import { StoreUnavailableError } from '../store.js';
import { UpstreamError } from '../upstream/upstream.js';
import type { TokenManager, TokenWish } from './token-manager.js';

/** Services in other languages that get tokens over HTTP. */
export interface ServicesOptions {
  /** Where their tokens come from. */
  tokens: TokenManager;
  /** Client id and secret of each, the secret at least 32 characters of chance. Several secrets: for a roll-over. */
  clients: Readonly<Record<string, string | readonly string[]>>;
}

type OAuthError =
  | 'invalid_request' | 'invalid_client' | 'invalid_grant' | 'unsupported_grant_type' | 'invalid_scope' | 'temporarily_unavailable' | 'server_error';

const MAX_BYTES = 8_192;
const MAX_TTL_S = 86_400;

/** @throws MisconfiguredError */
export function checkServices({ tokens, clients }: ServicesOptions): void {
  if (typeof tokens?.get !== 'function') throw new MisconfiguredError('services.tokens', 'is missing. Give a createTokenManager().');
  for (const [id, secrets] of Object.entries(clients)) {
    for (const secret of [secrets].flat()) {
      if (secret.length < 32) {
        throw new MisconfiguredError(`services.clients.${id}`, 'its secret has fewer than 32 characters. Generate one with `openssl rand -hex 32`: in others a + has to be sent as %2B.');
      }
    }
  }
}

export async function serviceToken(service: Settings, request: Request): Promise<Draft> {
  const { services } = service;
  if (!services) return problem(400, 'unsupported_grant_type', 'This endpoint gives no tokens to services. Set `services`.');
  // Client secrets do not belong into pages, and CORS would let them in.
  if (request.headers.has('Origin') || request.headers.has('Sec-Fetch-Site')) {
    return problem(403, 'invalid_client', 'This route is for services, not for browsers.');
  }
  const client = await authenticated(services, request.headers.get('Authorization'));
  if (client === undefined) {
    return { ...problem(401, 'invalid_client', 'Send the client id and secret by HTTP Basic.'), headers: { 'WWW-Authenticate': 'Basic realm="tabaton"' } };
  }
  const form = await readForm(service, request);
  if (typeof form === 'string') return problem(400, 'invalid_request', form);
  if (form.get('grant_type') !== 'client_credentials') return problem(400, 'unsupported_grant_type', 'grant_type must be client_credentials.');
  const user = form.get('user') ?? '';
  if (user.length > 255) return problem(400, 'invalid_request', 'user is longer than 255 characters.');
  const wish = wishOf(form);
  if (typeof wish === 'string') return problem(400, 'invalid_request', wish);
  try {
    const token = await services.tokens.get({ client, user }, wish);
    return {
      status: 200,
      body: {
        access_token: token.accessToken,
        token_type: 'Bearer',
        expires_in: Math.max(0, Math.floor(token.expiresInMs / 1_000)),
        ...(token.scope === '' ? {} : { scope: token.scope }),
        gen: token.gen,
      },
      cookies: [],
      headers: {},
    };
  } catch (error) {
    return failure(error);
  }
}

async function authenticated({ clients }: ServicesOptions, header: string | null): Promise<string | undefined> {
  const [, encoded] = /^Basic ([A-Za-z0-9+/]+=*)$/i.exec(header ?? '') ?? [];
  if (encoded === undefined || encoded.length > 2_048) return undefined;
  const pair = decoded(encoded);
  const colon = pair?.indexOf(':') ?? -1;
  if (pair === undefined || colon < 0) return undefined;
  const [id, secret] = [unescaped(pair.slice(0, colon)), unescaped(pair.slice(colon + 1))];
  if (id === undefined || secret === undefined) return undefined;
  const known = Object.hasOwn(clients, id) ? [clients[id]!].flat() : [];
  const given = await sha256(secret);
  // Hashes are compared, all of them, and for an unknown client as well: the duration tells nothing.
  const fits = await Promise.all((known.length > 0 ? known : ['']).map(async (one) => sameBytes(await sha256(one), given)));
  return known.length > 0 && fits.includes(true) ? id : undefined;
}

function decoded(base64: string): string | undefined {
  try {
    return atob(base64);
  } catch {
    return undefined;
  }
}

/** Id and secret are form-encoded before they are joined (RFC 6749 §2.3.1). */
function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

async function readForm(service: Settings, request: Request): Promise<URLSearchParams | string> {
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(request.headers.get('Content-Type') ?? '')) {
    return 'Send the parameters as application/x-www-form-urlencoded.';
  }
  const bytes = await arrived(service, readBytes(request, MAX_BYTES));
  if (bytes === 'cut' || bytes === undefined) return 'The body is too large or incomplete.';
  const form = new URLSearchParams(new TextDecoder().decode(bytes));
  // RFC 6749 §3.2: parameters must not be included more than once.
  return new Set(form.keys()).size === [...form.keys()].length ? form : 'A parameter is there twice.';
}

function wishOf(form: URLSearchParams): TokenWish | string {
  const wish: TokenWish = {};
  const scope = form.get('scope');
  const resource = form.get('resource');
  if (scope !== null && !/^[\x20\x21\x23-\x5b\x5d-\x7e]{0,2048}$/.test(scope)) return 'scope contains characters that no scope may have.';
  if (resource !== null && (resource.length > 512 || !URL.canParse(resource))) return 'resource is not an absolute URI.';
  if (scope) wish.scope = scope;
  if (resource !== null) wish.resource = resource;
  for (const [name, limit] of [['min_ttl', MAX_TTL_S], ['rejected', Number.MAX_SAFE_INTEGER]] as const) {
    const text = form.get(name);
    if (text === null) continue;
    const value = Number(text);
    if (!/^\d{1,16}$/.test(text) || value > limit) return `${name} is not a whole number from 0 to ${limit}.`;
    if (name === 'min_ttl') wish.minTtl = value * 1_000;
    else wish.rejected = value;
  }
  return wish;
}

function failure(error: unknown): Draft {
  if (error instanceof StoreUnavailableError) return later('The store does not answer.', 1_000);
  if (!(error instanceof UpstreamError)) throw error;
  switch (error.code) {
    case 'invalid_grant':
      return problem(400, 'invalid_grant', 'The service gives no token for this user.');
    case 'invalid_scope':
      return problem(400, 'invalid_scope', 'The service does not grant this scope or resource.');
    case 'invalid_client':
    case 'malformed':
      return problem(502, 'server_error', 'The token service refuses or makes no sense. The operator has to look at it.');
    case 'timeout':
    case 'unavailable':
      return later('The token service cannot be reached.', error.retryAfterMs ?? 1_000);
  }
}

const problem = (status: number, error: OAuthError, error_description: string): Draft => ({
  status,
  body: { error, error_description },
  cookies: [],
  headers: {},
});

function later(description: string, retryAfterMs: number): Draft {
  const seconds = String(Math.max(1, Math.ceil(retryAfterMs / 1_000)));
  return { ...problem(503, 'temporarily_unavailable', description), headers: { 'Retry-After': seconds } };
}
