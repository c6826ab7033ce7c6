/** Bundles bench/server and runs it. Default 30 s per figure. `cpu` only when named. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';

const USAGE = 'npm run bench -- server [seconds [sqlite] [redis] [streams] [stored] [cpu]]';
const [seconds = '30', ...parts] = process.argv.slice(2);
const wrong = Number(seconds) > 0 ? parts.find((part) => !USAGE.includes(`[${part}]`)) : seconds;
if (wrong !== undefined) {
  console.error(`"${wrong}" means nothing here. Usage: ${USAGE}`);
  process.exit(2);
}

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'node_modules/.cache/tabaton-bench');
mkdirSync(folder, { recursive: true });

async function bundle(entry) {
  const name = `${entry}-${process.pid}.mjs`;
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    build: {
      ssr: join(root, `bench/server/${entry}.ts`),
      outDir: folder,
      emptyOutDir: false,
      target: 'node20',
      minify: false,
      rolldownOptions: { output: { entryFileNames: name, codeSplitting: false } },
    },
  });
  return join(folder, name);
}

const [serve, index] = [await bundle('serve'), await bundle('index')];
try {
  const { bench } = await import(pathToFileURL(index).href);
  const below = await bench(serve, Number(seconds), parts, (line) => console.log(line));
  // Figures without a goal are no success.
  if (parts.join() !== 'cpu') console.log(below === 0 ? '\nEvery goal was reached.' : `\n${below} goals were missed.`);
  process.exitCode = below === 0 ? 0 : 1;
} finally {
  rmSync(serve, { force: true });
  rmSync(index, { force: true });
}
