/**
 * `POST /auth/backchannel-logout`: the provider says that somebody signed out there. Its token alone authenticates
 * it; no cookie is read and none of the browser rules apply.
 * @see OpenID Connect Back-Channel Logout 1.0 §2.5–2.8
 */
import { shortHash } from '../encoding.js';
import type { UpstreamError } from '../upstream/upstream.js';
import type { LoggedOut } from '../upstream/logout-token.js';
import type { ProviderLogin } from '../upstream/provider-login.js';
import { endAtProvidersWord } from './aftermath.js';
import { arrived, readBytes } from './body.js';
import { malformed, type Draft } from './draft.js';
import { upstreamSidIndex, userIndex } from './found-family.js';
import type { Service } from './service.js';
import { later } from './upstream-draft.js';

const REPLAY_MS = 900_000;

export async function backchannelLogout(service: Service, provider: ProviderLogin | null, request: Request): Promise<Draft> {
  if (!provider) return malformed('There is no provider that could sign anybody out here.');
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(request.headers.get('Content-Type') ?? '')) {
    return malformed('Send logout_token as application/x-www-form-urlencoded.');
  }
  const bytes = await arrived(service, readBytes(request, 32_768));
  if (bytes === undefined || bytes === 'cut') return malformed('The body is too large or incomplete.');
  const token = new URLSearchParams(new TextDecoder().decode(bytes)).get('logout_token');
  if (token === null) return malformed('logout_token is missing.');
  let out: LoggedOut;
  try {
    out = await provider.readLogout(token);
  } catch (error) {
    const { code, message } = error as UpstreamError;
    return code === 'malformed' ? malformed(message) : later('upstream_unavailable', 'The provider’s keys cannot be read now.');
  }
  // Used once it has done its work, and that can be done twice: a provider whose token met an outage sends it again.
  const used = `logout-token:${await shortHash(out.jti)}`;
  if ((await service.store.get(used)) !== undefined) return replayed();
  await endMeant(service, provider.issuer, out);
  if (!(await service.store.put(used, '1', { ttlMs: REPLAY_MS, ifAbsent: true }))) return replayed();
  return { status: 200, body: null, cookies: [], headers: {} };
}

const replayed = (): Draft => malformed('This logout token was used before.');

/** With a session id that session; with a user alone, all of the user's (§2.6: `sid` is the narrower one). */
async function endMeant(service: Service, issuer: string, { sub, sid }: LoggedOut): Promise<void> {
  const index = sid === null ? await userIndex(issuer, sub!) : await upstreamSidIndex(issuer, sid);
  for (const id of await service.store.find(index)) {
    const family = await service.store.read(id);
    if (!family || (sub !== null && family.sub !== sub)) continue;
    await endAtProvidersWord(service, family);
  }
}
