/**
 * `GET /auth/login` with a provider: off to it, with a transaction cookie of its own for each try, so that two tabs
 * may sign in at once. The cookie is Lax: the way back from the provider carries no Strict one, which is also why
 * the session that will be replaced is noted here.
 */
import { isListed } from '../config/place.js';
import { base64url } from '../encoding.js';
import type { UpstreamError } from '../upstream/upstream.js';
import type { ProviderLogin } from '../upstream/provider-login.js';
import type { Draft } from './draft.js';
import { openJar } from './jar.js';
import { friendlyPage } from './page.js';
import { localPath } from './return-to.js';
import type { Service } from './service.js';

export const TRANSACTION_MS = 600_000;
const MAX_TRANSACTIONS = 4;
/**
 * What they may weigh together. A long `return_to` makes one of 3 kB, and four of those beside all other cookies are more
 * than a server reads (Node: 16 kB of headers): it would answer 431 to whatever this browser asks, for ten minutes.
 */
const MAX_TRANSACTION_BYTES = 8_192;

/** Sealed into the transaction cookie. */
export interface Transaction {
  verifier: string;
  nonce: string;
  returnTo: string;
  origin: string;
  /** The families that were signed in here, to be ended by the callback. */
  before: string[];
  at: number;
}

export async function providerSignIn(service: Service, provider: ProviderLogin, request: Request, url: URL): Promise<Draft> {
  const { place, cookies } = service;
  const origin = originOf(service, url.searchParams.get('origin'));
  if (origin === undefined) return friendlyPage(place, 400, 'Sign-in is not possible', 'The app that asked for it is not listed. (For its developer: add its origin to `origins`.)');
  const state = base64url(service.random.bytes(16));
  let begun;
  try {
    begun = await provider.begin(state);
  } catch (error) {
    return providerTrouble(service, error as UpstreamError);
  }
  const jar = await openJar(service, request, origin);
  const transaction: Transaction = {
    ...begun.secrets,
    returnTo: localPath(url.searchParams.get('return_to')) ?? '/',
    origin,
    before: jar.verified.filter(({ death }) => death === null).map(({ family }) => family.id),
    at: service.clock.now(),
  };
  const value = await service.sealer.seal(`login ${state}`, JSON.stringify(transaction));
  const abandoned = tooMany(cookies.tx.read(request.headers.get('Cookie')), value.length);
  return {
    status: 303,
    body: null,
    headers: { Location: begun.url.href },
    cookies: [cookies.tx.set(state, value, TRANSACTION_MS), ...abandoned.map((tx) => cookies.tx.expire(tx.state))],
  };
}

/** Those that have to go for a new one of so many bytes: the oldest, which stand first. */
function tooMany<T extends { value: string }>(transactions: readonly T[], added: number): T[] {
  let bytes = added;
  return transactions.toReversed().filter(({ value }, newer) => {
    bytes += value.length;
    return newer >= MAX_TRANSACTIONS - 1 || bytes > MAX_TRANSACTION_BYTES;
  });
}

/** The app on another listed origin says so; a redirect has no trustworthy Origin of its own. */
function originOf({ place }: Service, asked: string | null): string | undefined {
  if (asked === null) return place.publicOrigin;
  return isListed(place, asked) ? asked : undefined;
}

export function providerTrouble(service: Service, error: UpstreamError): Draft {
  service.observe({ type: 'fault', what: 'sign in at the provider', message: error.message });
  return friendlyPage(service.place, error.code === 'timeout' ? 504 : 502, 'The sign-in service does not answer', 'Please try again in a moment. Nothing was changed.');
}
