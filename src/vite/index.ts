/** tabaton/vite: the worker's script in dev and in the build, the same bytes in both, with its settings from one place. */
import type { Plugin } from 'vite';
import { readScript, SCRIPT_NAME } from './script.js';

/** Settings of the worker, as `installWorker` takes them; plain JSON. */
export interface VitePluginOptions {
  /** Name of the script at the application's `base`. Default `tabaton-sw.js`. */
  file?: string;
  /** Where to refresh. Default `/auth`. */
  endpoint?: string | { refresh: string; logout?: string; headers?: Record<string, string>; body?: string; credentials?: 'omit' | 'same-origin' | 'include' };
  /** Whose requests the worker signs. Without it `session.worker.register` says so. */
  apis?: { origin: string; path?: string; scope?: string; resource?: string; navigations?: boolean }[];
  mode?: 'attach' | 'sealed';
}

/**
 * Serves the worker in dev, emits it in the build, and tells the page where it is:
 *
 * @example
 * // vite.config.ts
 * import { tabaton } from 'tabaton/vite';
 * export default { plugins: [tabaton({ apis: [{ origin: 'https://api.example.com' }] })] };
 * // the page
 * await session.worker.register(import.meta.env.TABATON_WORKER);
 */
export const tabaton = ({ file = SCRIPT_NAME, ...settings }: VitePluginOptions = {}): Plugin => {
  const script = (): string => (Object.keys(settings).length ? `${readScript().split('\n', 1)[0]}\nself.tabaton=${JSON.stringify(settings)};\n` : '') + readScript();
  let base = '/';
  return {
    name: 'tabaton',
    config({ base: wanted = '/' }, { command }) {
      const url = (command === 'serve' && !wanted.startsWith('/') ? '/' : wanted).replace(/\/?$/, '/') + file;
      return { define: { 'import.meta.env.TABATON_WORKER': JSON.stringify({ url, apis: settings.apis }) } };
    },
    configResolved(config) {
      base = config.base;
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        if (request.url?.split('?')[0] !== `${base.replace(/\/?$/, '/')}${file}` && request.url?.split('?')[0] !== `/${file}`) return next();
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
