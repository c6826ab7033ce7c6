/** `GET /auth/callback`: back from the provider. Ends in the app with a cookie, or in a page that says why not. */
import type { UpstreamError } from '../upstream/upstream.js';
import type { ProviderLogin } from '../upstream/provider-login.js';
import { replaceFamily } from './aftermath.js';
import type { Draft } from './draft.js';
import { foundFamily } from './found-family.js';
import { friendlyPage } from './page.js';
import { providerTrouble, TRANSACTION_MS, type Transaction } from './provider-sign-in.js';
import type { Service } from './service.js';
import { welcome } from './welcome.js';

export async function callback(service: Service, provider: ProviderLogin, request: Request, url: URL): Promise<Draft> {
  const started = service.clock.now();
  const state = url.searchParams.get('state') ?? '';
  const transaction = await transactionOf(service, request, state);
  if (!transaction) {
    return friendlyPage(service.place, 400, 'Sign-in took too long', 'This sign-in is not known to this browser any more. Please start again from the app.');
  }
  const over = service.cookies.tx.expire(state);
  let signedIn;
  try {
    signedIn = await provider.complete(url, state, transaction);
  } catch (error) {
    const draft = refused(service, error as UpstreamError);
    service.observe({ type: 'login', result: 'failed', client: 'web', ms: service.clock.now() - started });
    return { ...draft, cookies: [over] };
  }
  const family = await foundFamily(service, {
    origin: transaction.origin,
    userAgent: request.headers.get('User-Agent'),
    user: { sub: signedIn.sub, scopes: signedIn.scopes },
    tokens: signedIn.tokens,
    upstreamSid: signedIn.upstreamSid,
  });
  // The redirect carries no Strict cookie: who was signed in before was noted on the way out.
  for (const id of transaction.before) {
    const before = await service.store.read(id);
    if (before) await replaceFamily(service, before);
  }
  const { cookies } = await welcome(service, request, transaction.origin, family);
  service.observe({ type: 'login', result: 'ok', client: 'web', ms: service.clock.now() - started });
  return { status: 303, body: null, headers: { Location: transaction.origin + transaction.returnTo }, cookies: [...cookies, over] };
}

/** The transaction this browser started under this state, if it is still fresh and was not used. */
async function transactionOf(service: Service, request: Request, state: string): Promise<Transaction | undefined> {
  const cookie = service.cookies.tx.read(request.headers.get('Cookie')).find((tx) => tx.state === state);
  if (!cookie) return undefined;
  const opened = await service.sealer.open(`login ${state}`, cookie.value);
  if (opened === undefined) return undefined;
  const transaction = JSON.parse(opened) as Transaction;
  if (service.clock.now() - transaction.at > TRANSACTION_MS) return undefined;
  // A reload of the callback must not sign in twice.
  const first = await service.store.put(`login-used:${state}`, '1', { ttlMs: TRANSACTION_MS, ifAbsent: true });
  return first ? transaction : undefined;
}

function refused(service: Service, error: UpstreamError): Draft {
  if (error.code !== 'invalid_grant') return providerTrouble(service, error);
  return friendlyPage(service.place, 400, 'You are not signed in', 'The sign-in was cancelled or refused. You can start again from the app.');
}
