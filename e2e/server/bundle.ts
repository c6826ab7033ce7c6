/**
 * The pages of the tests, bundled once per process around the BUILT package.
 * Page code imports `src/index.js` so that it type-checks before any build; here that import is led to `dist/index.js`.
 * TABATON_E2E_SOURCE=src leads it to the sources instead: for work on the SDK itself, or on a copy that was broken on purpose.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build, type Plugin } from 'vite';

const root = join(import.meta.dirname, '../..');
const pages = join(import.meta.dirname, 'pages');
const source = process.env.TABATON_E2E_SOURCE;

export type Bundle = ReadonlyMap<string, string>;

let bundled: Promise<Bundle> | undefined;

export function bundle(): Promise<Bundle> {
  bundled ??= make();
  return bundled;
}

export function builtModule(name: 'index' | 'server/index'): string {
  const path = source ? resolve(root, source, `${name}.ts`) : join(root, `dist/${name}.js`);
  if (!existsSync(path)) throw new Error(`${path} is missing. Run: npm run build`);
  return path;
}

async function make(): Promise<Bundle> {
  const output = await build({
    root: pages,
    configFile: false,
    logLevel: 'error',
    plugins: [builtPackage(builtModule('index'))],
    build: {
      write: false,
      target: 'es2022',
      minify: false,
      modulePreload: false,
      rolldownOptions: {
        input: { page: join(pages, 'page.ts'), dedicated: join(pages, 'dedicated.ts'), shared: join(pages, 'shared.ts') },
        output: { entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
    base: './',
  });
  const files = new Map<string, string>();
  for (const pass of [output].flat()) {
    if (!('output' in pass)) throw new Error('The bundler went into watch mode.');
    for (const file of pass.output) if (file.type === 'chunk') files.set(file.fileName, file.code);
  }
  return files;
}

function builtPackage(path: string): Plugin {
  return {
    name: 'built-package',
    enforce: 'pre',
    resolveId: (id) => (id.endsWith('/src/index.js') ? path : undefined),
  };
}
