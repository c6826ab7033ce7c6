/** For people who land on the endpoint: one plain page instead of a riddle in JSON. */
import type { Place } from '../config/place.js';
import type { Heard } from './call.js';
import type { Draft } from './draft.js';

/** True for a navigation of a browser, which wants to show something. */
export function isNavigation(request: Heard): boolean {
  const { headers, method } = request;
  if (method !== 'GET') return false;
  const mode = headers.get('Sec-Fetch-Mode');
  return mode === 'navigate' || (mode === null && (headers.get('Accept') ?? '').includes('text/html'));
}

export function friendlyPage(place: Place, status: number, title = 'Nothing to see here', text = DEFAULT_TEXT): Draft {
  const home = escape(place.publicOrigin);
  return {
    status,
    body: null,
    cookies: [],
    headers: {
      'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
    },
    html: `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(title)}</title><style>:root{color-scheme:light dark}body{font:1.1rem/1.6 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1.5rem}</style>
<h1>${escape(title)}</h1><p>${escape(text)}</p><p><a href="${home}">Go to ${home}</a></p></html>`,
  };
}

const DEFAULT_TEXT = 'This address keeps the app signed in. It answers the app in the background and has no page of its own.';

function escape(value: string): string {
  return value.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
