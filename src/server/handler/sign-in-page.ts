/** `GET /auth/login` of an endpoint without a provider: leads to the application's own login page. */
import { MisconfiguredError } from '../config/misconfigured.js';
import type { Place } from '../config/place.js';
import { friendlyPage } from './page.js';
import type { Draft } from './draft.js';
import { localPath } from './return-to.js';
import type { Service } from './service.js';

/** @throws MisconfiguredError for a page that nobody could be led to. */
export function checkLoginPage(page: string | undefined, { publicOrigin, mount }: Place): void {
  if (page === undefined) return;
  const url = URL.canParse(page, publicOrigin) ? new URL(page, publicOrigin) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new MisconfiguredError('loginPage', `"${page}" is neither a path like /sign-in nor an http(s) URL.`);
  }
  if (url.origin === publicOrigin && url.pathname === `${mount}/login`) {
    throw new MisconfiguredError('loginPage', `"${page}" is the endpoint's own route, which leads there. Name the page of the application.`);
  }
}

export function signInPage(service: Service, url: URL): Draft {
  if (service.loginPage === null) {
    return friendlyPage(
      service.place,
      404,
      'No sign-in page here',
      'The app has a sign-in page of its own. (For its developer: name it in the option loginPage, or POST /login.)',
    );
  }
  const target = new URL(service.loginPage, service.place.publicOrigin);
  const returnTo = localPath(url.searchParams.get('return_to'));
  if (returnTo !== undefined) target.searchParams.set('return_to', returnTo);
  return { status: 303, body: null, cookies: [], headers: { Location: target.href } };
}
