/**
 * npm run demo [-- --port 4000] [--redis --nodes 2]
 *
 * Builds what is stale, starts the whole demo on loopback, prints its address and opens nothing. With --redis the right
 * stage's endpoint runs in processes of its own, which share a redis-server that lives as long as the demo.
 * Tests import `startDemo` from here.
 */
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildDemo } from './build.mjs';
import { readFlags } from './flags.mjs';

export async function startDemo(options = {}) {
  await buildDemo();
  const built = (path) => new URL(`./dist/${path}`, import.meta.url);
  const server = await import(/* @vite-ignore */ built('server.mjs').href);
  return server.startDemo({ page: fileURLToPath(built('page')), nodeFile: fileURLToPath(built('node.mjs')), ...options });
}

async function run() {
  const flags = sayingWhy(2, () => readFlags(process.argv.slice(2)));
  if (flags.nodes) {
    const { redisPath } = await import('../scripts/browser-path.mjs');
    sayingWhy(1, redisPath);
  }
  // A terminal that is closed hangs up; a redis-server left behind would ignore that. Before the start is over, leaving is all.
  const running = { close: async () => {} };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => void running.close().then(() => process.exit(0)));
  const demo = await startDemo(flags).catch((error) => {
    if (error?.code !== 'EADDRINUSE') throw error;
    console.error(`Port ${flags.port} is taken. Leave --port out and a free one is used.`);
    process.exit(1);
  });
  running.close = demo.close;
  console.log(`\n  tabaton demo   ${demo.url}\n  right stage    ${demo.about}\n\n  Stop with Ctrl+C.\n`);
}

/** What can be put right by whoever typed the command gets a sentence, not a stack. */
function sayingWhy(status, work) {
  try {
    return work();
  } catch (error) {
    console.error(error.message);
    return process.exit(status);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await run();
