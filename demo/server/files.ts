import { readFile } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Addresses without a file name. */
const PAGES: Record<string, string> = { '/': 'index.html', '/tab': 'tab.html', '/together': 'together.html', '/each': 'each.html' };

/** The built page, from disk. `policy` is the Content-Security-Policy of its documents. */
export function fileRoutes(folder: string, policy: string) {
  return async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    const name = PAGES[pathname] ?? normalize(pathname).slice(1);
    const path = join(folder, name);
    const type = TYPES[extname(path)];
    if (!type || !path.startsWith(folder + sep)) return new Response('Not found', { status: 404 });
    const bytes = await readFile(path).catch(() => undefined);
    if (!bytes) return new Response('Not found', { status: 404 });
    // Built assets carry a hash of their content in their name; documents do not.
    const caching = pathname.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
    return new Response(new Uint8Array(bytes), {
      headers: {
        'content-type': type,
        'cache-control': caching,
        'x-content-type-options': 'nosniff',
        ...(type.startsWith('text/html') ? { 'content-security-policy': policy } : {}),
      },
    });
  };
}
