import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = fileURLToPath(new URL('.', import.meta.url));

/** The page; `--mode server` builds the server beside it, `--mode worker` the service worker's script. Both go to demo/dist. */
export default defineConfig(({ mode }) =>
  mode === 'worker'
    ? {
        root: here,
        publicDir: false,
        build: {
          outDir: resolve(here, 'dist/page'),
          emptyOutDir: false,
          lib: { entry: resolve(here, '../src/worker/sw.ts'), formats: ['iife'], name: 'tabaton', fileName: () => 'tabaton-sw.js' },
        },
      }
    : mode === 'server'
    ? {
        root: here,
        build: {
          ssr: true,
          outDir: resolve(here, 'dist'),
          emptyOutDir: false,
          target: 'node20',
          rollupOptions: {
            // Forked by its path when the right stage runs on several nodes.
            input: { server: resolve(here, 'server/demo.ts'), node: resolve(here, 'server/node-process.ts') },
            output: { entryFileNames: '[name].mjs', chunkFileNames: 'shared-[name].mjs' },
          },
        },
      }
    : {
        root: resolve(here, 'page'),
        build: {
          outDir: resolve(here, 'dist/page'),
          emptyOutDir: true,
          modulePreload: { polyfill: false },
          rollupOptions: {
            input: ['index', 'tab', 'together', 'each'].map((name) => resolve(here, `page/${name}.html`)),
          },
        },
      },
);
