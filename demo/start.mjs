/**
 * npm run demo [-- --port 4000]
 *
 * Builds what is stale, starts the whole demo in this process on loopback, prints its address and opens nothing.
 * Tests import `startDemo` from here.
 */
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildDemo } from './build.mjs';

export async function startDemo(options = {}) {
  await buildDemo();
  const server = await import(new URL('./dist/server.mjs', import.meta.url).href);
  return server.startDemo({ page: fileURLToPath(new URL('./dist/page', import.meta.url)), ...options });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const at = process.argv.indexOf('--port');
  const port = at < 0 ? 0 : Number(process.argv[at + 1]);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    console.error('Write the port as a number from 0 to 65535: npm run demo -- --port 4000');
    process.exit(2);
  }
  const demo = await startDemo({ port }).catch((error) => {
    if (error?.code !== 'EADDRINUSE') throw error;
    console.error(`Port ${port} is taken. Leave --port out and a free one is used.`);
    process.exit(1);
  });
  console.log(`\n  tabaton demo   ${demo.url}\n\n  Stop with Ctrl+C.\n`);
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => void demo.close().then(() => process.exit(0)));
}
