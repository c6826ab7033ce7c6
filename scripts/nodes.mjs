/**
 * npm run nodes: four Node processes around one store and one real provider, and everything that can happen to them
 * (src/server/nodes). Prints counts; the exit code is the number of scenarios that went wrong.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';
import { argumentsOf } from './arguments.mjs';

argumentsOf('npm run nodes');
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'node_modules/.cache/tabaton-nodes');
const name = `run-${process.pid}.mjs`;
mkdirSync(folder, { recursive: true });
await build({
  root,
  configFile: false,
  logLevel: 'error',
  publicDir: false,
  build: {
    ssr: join(root, 'src/server/nodes/run.ts'),
    outDir: folder,
    emptyOutDir: false,
    target: 'node20',
    minify: false,
    rolldownOptions: { output: { entryFileNames: name, codeSplitting: false } },
  },
});
const { runNodes } = await import(pathToFileURL(join(folder, name)).href);
rmSync(join(folder, name));
const failed = await runNodes(root, (line) => console.log(line));
console.log(failed === 0 ? '\nEverything held.' : `\n${failed} went wrong.`);
process.exit(failed);
