/** Why a service worker cannot do its work, and what to change: the browsers' own words name the symptom only. */

export interface Refused {
  url: string;
  scope?: string;
  /** What the server answers at that address. */
  script?: Response;
  error?: unknown;
}

export const explain = ({ url, scope, script, error }: Refused): string => {
  if (!globalThis.isSecureContext) return 'Service workers need https (or localhost): this page is plain http and goes on by itself.';
  if (!error) return 'This browser offers no service workers here (private mode, a sandboxed frame, or a setting): the page goes on by itself.';
  const { pathname, origin } = new URL(url);
  if (origin !== location.origin) return `The service worker's script must be of this origin, and ${origin} is another one: copy it with \`npx tabaton init <public folder>\`.`;
  if (!script?.ok) return `There is no service worker at ${pathname} (${script ? script.status : 'no answer'}): copy it with \`npx tabaton init <public folder>\`, or use tabaton/vite.`;
  const type = script.headers.get('Content-Type') ?? 'no type at all';
  if (!/javascript/.test(type)) return `${pathname} comes as ${type}, not as text/javascript: the server answers with another file (often index.html) or lacks the MIME type.`;
  const wanted = new URL(scope ?? './', url).pathname;
  if (!wanted.startsWith(pathname.replace(/[^/]*$/, '')))
    return `A worker at ${pathname} may not reach ${wanted}: put the script at ${wanted}${pathname.replace(/.*\//, '')}, or send the header \`Service-Worker-Allowed: ${wanted}\` with it.`;
  return `The browser refuses the service worker at ${pathname} (${error instanceof Error ? error.name : 'unknown'}): open the script in a tab and look at the console.`;
};

/** Says how to fix a scope that does not reach a page; `undefined` when it does. */
export const reach = (page: string, scope: string, script: string): string | undefined =>
  page.startsWith(scope)
    ? undefined
    : `The service worker reaches ${new URL(scope).pathname} and below, and this page is ${new URL(page).pathname}: put its script at the root (${new URL(script).pathname.replace(/.*\//, '/')}), or send \`Service-Worker-Allowed: /\` with it and register it with \`scope: '/'\`. Until then this page goes on by itself.`;

/** Says how to get on with another worker whose scope is nearer to this page: only one sees its requests. */
export const taken = (here: string | undefined, scope: string, other = 'another script'): string | undefined =>
  !here || here === scope
    ? undefined
    : `Another service worker (${other}, scope ${new URL(here).pathname}) controls this page, not the one of ${new URL(scope).pathname}: call installWorker() or importScripts('/tabaton-sw.js') in that one and register it, or unregister it. Until then this page goes on by itself.`;
