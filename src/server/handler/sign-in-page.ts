/** `GET /auth/login` of an endpoint without a provider: leads to the application's own login page. */
import { friendlyPage } from './page.js';
import type { Draft } from './draft.js';
import { localPath } from './return-to.js';
import type { Service } from './service.js';

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
