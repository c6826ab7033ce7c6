/** tabaton/vite: the worker's script in dev and in the build, the same bytes in both, with its settings from one place. */
import type { Plugin } from 'vite';
import type { WorkerConfig } from '../worker/index.js';
import { readScript, SCRIPT_NAME } from './script.js';

/** Settings of the worker, as `installWorker` takes them; plain JSON. Without `apis` and `endpoint` the page says those: `session.worker.register`. */
export interface VitePluginOptions extends Partial<WorkerConfig> {
  /** Name of the script at the application's `base`. Default `tabaton-sw.js`. */
  file?: string;
  /** Path of the script on the page's own origin. Needed only where `base` is on another one, such as a CDN. Default: `file` at `base`. */
  url?: string;
}

/** `base` as Vite resolves it. A service worker comes from its page's own origin, so one on a CDN leads nowhere. */
const resolve = (base: string, build: boolean): string => {
  if (base === '' || base === './') return build ? './' : '/';
  if (build && /^([a-z]+:)?\/\//i.test(base))
    throw new Error(`tabaton: \`base\` is ${base}, and a service worker must come from the page's own origin: write tabaton({ url: '/${SCRIPT_NAME}' }), the path there, and deploy the emitted script to it.`);
  return new URL(base, 'http://vite.invalid').pathname.replace(/\/?$/, '/');
};

/**
 * Serves the worker in dev, emits it in the build, and tells the page where it is:
 *
 * @example
 * // vite.config.ts
 * import { tabaton } from 'tabaton/vite';
 * export default { plugins: [tabaton({ apis: [{ origin: 'https://api.example.com' }] })] };
 * // the page
 * const { url, ...settings } = import.meta.env.TABATON_WORKER; // `endpoint`, `apis` and `mode`, as above
 * const session = createSession(settings);
 * await session.worker.register({ url });
 */
export const tabaton = ({ file = SCRIPT_NAME, url, ...settings }: VitePluginOptions = {}): Plugin => {
  const script = (): string => (Object.keys(settings).length ? `${readScript().split('\n', 1)[0]}\nself.tabaton=${JSON.stringify(settings)};\n` : '') + readScript();
  let base = '/';
  return {
    name: 'tabaton',
    config({ base: wanted = '/' }, { command }) {
      return { define: { 'import.meta.env.TABATON_WORKER': JSON.stringify({ url: url ?? resolve(wanted, command === 'build') + file, ...settings }) } };
    },
    configResolved(config) {
      base = config.base;
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const asked = request.url?.split('?')[0];
        if (!asked || ![`${base.replace(/\/?$/, '/')}${file}`, `/${file}`, url].includes(asked)) return next();
        response.setHeader('Content-Type', 'text/javascript');
        // The browser itself compares the bytes; an old copy out of a cache would never be replaced.
        response.setHeader('Cache-Control', 'no-cache');
        response.end(script());
      });
    },
    generateBundle() {
      if (this.environment && this.environment.name !== 'client') return;
      this.emitFile({ type: 'asset', fileName: file, source: script() });
    },
  };
};
