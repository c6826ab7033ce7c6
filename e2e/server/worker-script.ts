/** The built worker as a site serves it: as it is, of another version, or wrongly. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'vite';

/** Another script in its place: for work on a copy that was broken on purpose. */
const script = process.env.TABATON_E2E_WORKER;
const root = join(import.meta.dirname, '../..');
const variants = new Map<string, Promise<string>>();

/** A worker of another version: it speaks another protocol to pages and another one to peers. */
const ofProtocol = async (protocol: string): Promise<string> => {
  const output = await build({
    root,
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    plugins: [
      {
        name: 'another-version',
        transform: (code, id) =>
          /contract\/worker\.ts$|core\/messages\.ts$/.test(id) ? code.replace(/PROTOCOL = 1;/, `PROTOCOL = ${protocol};`) : undefined,
      },
    ],
    build: { write: false, target: 'es2022', lib: { entry: join(root, 'src/worker/sw.ts'), formats: ['iife'], name: 'tabaton' } },
  });
  for (const pass of [output].flat()) if ('output' in pass) return pass.output[0].code;
  throw new Error('The bundler went into watch mode.');
};

/** A worker that an application owns already, with Workbox in it: the module door, or the classic script by `importScripts`. */
const withWorkbox = async (door: string): Promise<string> => {
  const entry = join(root, 'own-worker.js');
  const install = door === 'module' ? `import { installWorker } from ${JSON.stringify(join(root, 'dist/worker/index.js'))};\ninstallWorker();` : `self.importScripts('/tabaton-sw.js');`;
  const code = `import { registerRoute } from 'workbox-routing';
import { CacheFirst, NetworkOnly } from 'workbox-strategies';
${install}
registerRoute(({ url }) => url.pathname === '/own-worker.js', new CacheFirst());
registerRoute(({ url }) => url.pathname === '/api/both', new NetworkOnly());`;
  const output = await build({
    root,
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    define: { 'process.env.NODE_ENV': '"production"' },
    plugins: [
      {
        name: 'own-worker',
        resolveId: (id) => (id === entry ? entry : undefined),
        load: (id) => (id === entry ? code : undefined),
      },
    ],
    build: { write: false, target: 'es2022', lib: { entry, formats: ['iife'], name: 'own' } },
  });
  for (const pass of [output].flat()) if ('output' in pass) return pass.output[0].code;
  throw new Error('The bundler went into watch mode.');
};

/** `?protocol=2` another version, `?build=b` other bytes, `?mime=text/html` a server without its MIME type, `?own={…}` settings in its code. */
export const workerScript = async (request: Request): Promise<Response | undefined> => {
  const { pathname, searchParams } = new URL(request.url);
  const door = /^\/workbox-(module|import)\.js$/.exec(pathname)?.[1];
  if (door) {
    if (!variants.has(door)) variants.set(door, withWorkbox(door));
    return new Response(await variants.get(door), { headers: { 'content-type': 'text/javascript', 'cache-control': 'no-cache' } });
  }
  if (!pathname.endsWith('/tabaton-sw.js')) return undefined;
  const protocol = searchParams.get('protocol');
  if (protocol && !variants.has(protocol)) variants.set(protocol, ofProtocol(protocol));
  const code = protocol ? await variants.get(protocol) : await readFile(script ?? join(root, 'dist/sw.js'), 'utf8');
  const own = searchParams.get('own');
  return new Response(`${own ? `self.tabaton=${own};` : ''}${code}\n//${searchParams.get('build') ?? ''}`, {
    headers: { 'content-type': searchParams.get('mime') ?? 'text/javascript', 'cache-control': 'no-cache' },
  });
};
